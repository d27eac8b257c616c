import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareReady } from '../../test/support/prepare-dataset.js';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import type { RetrievalSet } from './retrieval-set.js';

let context: TestContext;
beforeEach(async () => {
  context = await makeTestContext();
});
afterEach(() => context.remove());

const prepare = (dataset: object, keep: 'last' | 'best' = 'last'): ReturnType<typeof prepareReady> =>
  prepareReady(dataset, { dataFolders: [context.folder] }, context, keep);
const write = (name: string, content: string): Promise<void> => writeFile(join(context.folder, name), content);
const setOf = (count: number, over: Partial<RetrievalSet> = {}): RetrievalSet => ({
  queries: Object.fromEntries([...Array(count).keys()].map((i) => [`q${i}`, `Question ${i}?`])),
  corpus: Object.fromEntries([...Array(count).keys()].map((i) => [`d${i}`, `Document ${i}.`])),
  relevant_docs: Object.fromEntries([...Array(count).keys()].map((i) => [`q${i}`, [`d${i}`]])),
  mode: 'text',
  ...over,
});
const beir = async (name: string, qrels: Record<string, string>): Promise<void> => {
  await mkdir(join(context.folder, name, 'qrels'), { recursive: true });
  const corpus = [
    { _id: 'constructor', title: 'Title', text: 'text' },
    { _id: '<d:2>', title: '', text: 'second', metadata: {} },
    { _id: '3', text: 'third' },
  ];
  const queries = ['q1', 'q2', 'q3', 'unjudged'].map((id) => ({ _id: id, text: `${id}?`, metadata: {} }));
  await write(`${name}/corpus.jsonl`, corpus.map((record) => JSON.stringify(record)).join('\n'));
  await write(`${name}/queries.jsonl`, queries.map((record) => JSON.stringify(record)).join('\n'));
  for (const [part, lines] of Object.entries(qrels)) await write(`${name}/qrels/${part}.tsv`, lines);
};

describe('ready EmbeddingQAFinetuneDataset files', () => {
  it('become the parts as they are, documents that answer nothing included', async () => {
    const train = setOf(3);
    const test = setOf(2, { queries: { q0: 'Other 0?', q1: 'Other 1?' } });
    test.corpus['distractor'] = 'Nothing.';
    await write('a.json', JSON.stringify(train));
    await write('b.json', JSON.stringify(test, null, 4));
    const { sets, corpus } = await prepare({ train: 'a.json', test: 'b.json' });
    expect(sets).toEqual({ train, test });
    expect(corpus.parts).toEqual({
      train: { queries: 3, documents: 3, pairs: 3 },
      test: { queries: 2, documents: 3, pairs: 2 },
    });
    expect(corpus.warnings).toEqual([]);
  });

  it('tell what was dropped and how many test questions stand in train', async () => {
    await write('a.json', JSON.stringify(setOf(3)));
    const test = setOf(3, { relevant_docs: { q0: ['d0', 'none'], q1: ['none'], unknown: ['d1'] } });
    test.corpus['empty'] = ' ';
    await write('b.json', JSON.stringify(test));
    const { sets, corpus } = await prepare({ train: 'a.json', test: 'b.json' });
    expect(sets.test!.relevant_docs).toEqual({ q0: ['d0'] });
    expect(sets.test!.queries).toEqual({ q0: 'Question 0?' });
    expect(corpus.warnings).toEqual([
      'dataset.test: 1 documents are empty; dropped.',
      'dataset.test: 1 judged questions are not among the questions; dropped.',
      'dataset.test: 2 judgements name a document that is not there; dropped.',
      'dataset.test: 2 questions have no document that answers them; dropped.',
      'dataset.test: 1 of 1 questions also stand in train.',
    ]);
  });

  it('give a validation part out of training when the best epoch is kept, no document on both sides', async () => {
    const train = setOf(200);
    train.relevant_docs['q0'] = ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7', 'd8', 'd9'];
    await write('a.json', JSON.stringify(train));
    await write('b.json', JSON.stringify(setOf(2, { queries: { q0: 'a?', q1: 'b?' } })));
    const { sets } = await prepare({ train: 'a.json', test: 'b.json' }, 'best');
    const documents = [sets.train!, sets.validation!].map((set) => Object.keys(set.corpus));
    expect(documents[0]!.filter((id) => documents[1]!.includes(id))).toEqual([]);
    expect(documents[0]!.length + documents[1]!.length).toBe(200);
    expect(documents[1]!.length).toBeGreaterThan(8);
    expect(documents[1]!.length).toBeLessThan(35);
    for (const set of [sets.train!, sets.validation!]) {
      for (const id of Object.values(set.relevant_docs).flat()) expect(set.corpus[id]).toBeDefined();
    }
  });

  describe('of several documents a question', () => {
    /** Question i is answered by documents i·count to i·count + count − 1. */
    const several = (questions: number, count: number): RetrievalSet => {
      const ofQuestion = (i: number): string[] => [...Array(count).keys()].map((j) => `d${i * count + j}`);
      const { corpus } = setOf(questions * count);
      const { queries } = setOf(questions);
      const relevant_docs = Object.fromEntries([...Array(questions).keys()].map((i) => [`q${i}`, ofQuestion(i)]));
      return { queries, corpus, relevant_docs, mode: 'text' };
    };
    const test = JSON.stringify(setOf(2, { queries: { q0: 'a?', q1: 'b?' } }));

    it.each([2, 3, 10])(
      '(%i) give about a tenth of the questions for validation and lose no judgement',
      async (count) => {
        await write('a.json', JSON.stringify(several(500, count)));
        await write('b.json', test);
        const { sets, corpus } = await prepare({ train: 'a.json', test: 'b.json' }, 'best');
        const { train, validation } = corpus.parts;
        expect(train!.queries + validation!.queries).toBe(500);
        expect(train!.pairs + validation!.pairs).toBe(500 * count);
        expect(train!.documents + validation!.documents).toBe(500 * count);
        expect(validation!.queries).toBeGreaterThan(28);
        expect(validation!.queries).toBeLessThan(75);
        for (const set of [sets.train!, sets.validation!]) {
          for (const id of Object.values(set.relevant_docs).flat()) expect(set.corpus[id]).toBeDefined();
        }
        expect(corpus.warnings).toEqual([]);
      },
    );

    it('that all share one are refused with the carve’s own name, the reason and the remedy', async () => {
      const shared = several(40, 3);
      for (const ids of Object.values(shared.relevant_docs)) ids.push('d0');
      await write('a.json', JSON.stringify(shared));
      await write('b.json', test);
      const refused = prepare({ train: 'a.json', test: 'b.json' }, 'best');
      await expect(refused).rejects.toMatchObject({ type: 'InvalidData' });
      await expect(refused).rejects.toThrow(
        /^dataset\.train: training\.keep "best" without dataset\.validation sets a tenth .* apart .*159 of 159 judgements hang together .*one question has 4 documents, one document 40 questions.* Give dataset\.validation, or keep "last"\.$/,
      );
      expect((await prepare({ train: 'a.json', test: 'b.json' })).corpus.parts.train!.pairs).toBe(159);
    });

    it('of which many share one are trained on all together, and it is told', async () => {
      const shared = several(400, 2);
      for (const ids of Object.values(shared.relevant_docs).slice(0, 100)) ids.push('d0');
      await write('a.json', JSON.stringify(shared));
      await write('b.json', test);
      const { sets, corpus } = await prepare({ train: 'a.json', test: 'b.json' }, 'best');
      for (let i = 0; i < 100; i++) expect(sets.train!.queries[`q${i}`]).toBeDefined();
      expect(corpus.parts.validation!.queries).toBeGreaterThan(10);
      expect(corpus.warnings).toEqual([
        expect.stringMatching(/^dataset\.train: 299 of 899 judgements hang together .* so they are all trained on\.$/),
      ]);
    });
  });

  it('too few to carve a validation part out of are refused with the remedy', async () => {
    await write('a.json', JSON.stringify(setOf(1)));
    await write('b.json', JSON.stringify(setOf(2, { queries: { q0: 'a?', q1: 'b?' } })));
    await expect(prepare({ train: 'a.json', test: 'b.json' }, 'best')).rejects.toThrow(
      /^dataset\.train: training\.keep "best" without .*leaves 1 questions to train on and 0 to choose on\. Give dataset\.validation, or keep "last"\.$/,
    );
  });

  it('that are missing, broken or without a usable question are told', async () => {
    await write('a.json', JSON.stringify(setOf(3)));
    await write('broken.json', '{');
    await write('unjudged.json', JSON.stringify(setOf(3, { relevant_docs: {} })));
    await expect(prepare({ train: 'a.json', test: 'none.json' })).rejects.toThrow(/dataset\.test: .*got "none\.json"/);
    await expect(prepare({ train: 'a.json', test: 'no/such' })).rejects.toThrow(/dataset\.test: ready files are local/);
    await expect(prepare({ train: 'a.json', test: 'broken.json' })).rejects.toThrow(/test\/broken\.json: broken JSON/);
    await expect(prepare({ train: 'a.json', test: 'unjudged.json' })).rejects.toThrow(
      /dataset\.test: no question with a document that answers it/,
    );
    await expect(prepare({ train: 'unjudged.json', test: 'a.json' }, 'best')).rejects.toThrow(
      /dataset\.train: no question with a document that answers it/,
    );
  });
});

describe('a BEIR folder', () => {
  it('is read by part, with or without a header, graded; titles are joined to texts', async () => {
    await beir('b', {
      train: 'query-id\tcorpus-id\tscore\nq1\tconstructor\t2\nq1\t<d:2>\t0\nq2\t3\t1\n',
      test: 'q3\t<d:2>\t1\r\nq3\t3\t3\r\ngone\t3\t1\r\nq3\tlost\t1\r\n',
    });
    const { sets, corpus } = await prepare({ train: 'b', test: 'b' });
    expect(sets.train!.corpus).toEqual({ constructor: 'Title text', '<d:2>': 'second', '3': 'third' });
    expect(sets.train!.relevant_docs).toEqual({ q1: ['constructor'], q2: ['3'] });
    expect(sets.test!.queries).toEqual({ q3: 'q3?' });
    expect(sets.test!.relevant_docs).toEqual({ q3: ['<d:2>', '3'] });
    expect(corpus.warnings).toEqual([
      'dataset.train: 2 questions have no document that answers them; dropped.',
      'dataset.test: 1 judged questions are not among the questions; dropped.',
      'dataset.test: 1 judgements name a document that is not there; dropped.',
      'dataset.test: 3 questions have no document that answers them; dropped.',
    ]);
  });

  it('that lacks a file, or has a broken line, is told', async () => {
    await beir('b', { train: 'q1\t3\t1\n', test: 'query-id\tcorpus-id\tscore\nq1\t3\tmany\n' });
    await expect(prepare({ train: 'b', test: 'b' })).rejects.toThrow(
      /test\/qrels, line 2: question id, document id and a number, divided by tabs, are needed, got 3 fields that are not/,
    );
    await write('b/queries.jsonl', '{"_id": "q1"}');
    await expect(prepare({ train: 'b', test: 'b' })).rejects.toThrow(
      /train\/queries\.jsonl, line 1: \{"_id": …, "text": …\}/,
    );
    await mkdir(join(context.folder, 'other'));
    await expect(prepare({ train: 'other', test: 'b' })).rejects.toThrow(
      /dataset\.train: an EmbeddingQAFinetuneDataset JSON file, or a BEIR folder .*qrels\/train\.tsv, is needed, got other with no files/,
    );
  });
});
