import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDataset } from '../../test/support/prepare-dataset.js';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { readArtifact } from '../artifacts/artifact.js';
import { contentId } from './content-hash.js';
import type { Pair } from './pairs.js';

let context: TestContext;
beforeEach(async () => {
  context = await makeTestContext();
});
afterEach(() => context.remove());

const write = (name: string, pairs: readonly Pair[]): Promise<void> =>
  writeFile(join(context.folder, name), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
const prepare = (dataset: object): ReturnType<typeof prepareDataset> =>
  prepareDataset(dataset, { dataFolders: [context.folder] }, context);
// No answer is a part of another: `<7>` is not in `<17>`.
const pairs: Pair[] = [...Array(100).keys()].map((index) => ({ question: `Q${index}?`, answer: `<${index}>` }));

describe('the corpus', () => {
  it('has each answer alone as a document by default, with ids that follow from content', async () => {
    await write('d.jsonl', pairs);
    const { sets, pairs: parts, corpus } = await prepare({ source: 'd.jsonl' });
    for (const part of ['train', 'test'] as const) {
      const set = sets[part]!;
      expect(Object.values(set.corpus)).toEqual(parts[part]!.map(({ answer }) => answer));
      expect(Object.keys(set.queries)).toEqual(parts[part]!.map(({ question }) => contentId('query', question)));
      for (const { question, answer } of parts[part]!) {
        const [document] = set.relevant_docs[contentId('query', question)]!;
        expect(set.corpus[document!]).toBe(answer);
      }
      const count = parts[part]!.length;
      expect(corpus.parts[part]).toEqual({ queries: count, documents: count, pairs: count });
    }
    const { blobs } = await readArtifact(context.store, corpus.artifact);
    expect(corpus.trainSha256).toBe(blobs['train.json']!.sha256);
  });

  it('shares one document among equal answers, and gives a question all its answers', async () => {
    await write('train.jsonl', [
      { question: 'A?', answer: 'x' },
      { question: 'B?', answer: 'x' },
      { question: 'A?', answer: 'y' },
    ]);
    await write('test.jsonl', [{ question: 'C?', answer: 'x' }]);
    const { sets, corpus } = await prepare({ source: '.', splits: ['train', 'test'] });
    expect(corpus.parts.train).toEqual({ queries: 2, documents: 2, pairs: 3 });
    const [x, y] = [contentId('document', 'x'), contentId('document', 'y')];
    expect(sets.train!.relevant_docs).toEqual({
      [contentId('query', 'A?')]: [x, y],
      [contentId('query', 'B?')]: [x],
    });
  });

  it('shares one document among answers that differ in white space alone, written as the first of them', async () => {
    const spellings = ['Line one\nand  two. ', 'Line one and two.', 'Line one and\ttwo.', 'line one and two.', ' z'];
    await write(
      'train.jsonl',
      spellings.map((answer, index) => ({ question: `Q${index}?`, answer })),
    );
    await write('test.jsonl', [
      { question: 'A?', answer: 'Line one and two.' },
      { question: 'B?', answer: 'Line one  and two.' },
    ]);
    const { sets, corpus, interim } = await prepare({ source: '.', splits: ['train', 'test'] });
    expect(corpus.parts.train).toEqual({ queries: 5, documents: 3, pairs: 5 });
    const ids = [0, 3, 4].map((index) => contentId('document', spellings[index]!));
    expect(sets.train!.corpus).toEqual({ [ids[0]!]: spellings[0], [ids[1]!]: spellings[3], [ids[2]!]: spellings[4] });
    expect(Object.values(sets.train!.relevant_docs)).toEqual([[ids[0]], [ids[0]], [ids[0]], [ids[1]], [ids[2]]]);
    expect(Object.values(sets.test!.corpus)).toEqual(['Line one and two.']);
    expect(interim.train).toMatchObject({ '2': { Question: 'Q2?', Reference: spellings[2] } });
    const { sets: mixed } = await prepare({ source: '.', splits: ['train', 'test'], corpusCount: 1 });
    expect(Object.keys(mixed.train!.corpus)).toHaveLength(3);
    expect(Object.keys(mixed.test!.corpus)).toHaveLength(1);
  });

  it('mixes each answer with corpusCount others of its own part, shuffled, nothing between, the same every time', async () => {
    await write('d.jsonl', pairs);
    const first = await prepare({ source: 'd.jsonl', corpusCount: 5, testRatio: 0.3 });
    let places = 0;
    for (const part of ['train', 'test'] as const) {
      const own = new Set(first.pairs[part]!.map(({ answer }) => answer));
      for (const { question, answer } of first.pairs[part]!) {
        const [id] = first.sets[part]!.relevant_docs[contentId('query', question)]!;
        const text = first.sets[part]!.corpus[id!]!;
        expect(text).toMatch(/^(<\d+>){6}$/);
        const mixed = text.match(/<\d+>/g)!;
        expect(mixed).toContain(answer);
        expect(new Set(mixed).size).toBe(6);
        for (const other of mixed) expect(own.has(other)).toBe(true);
        places |= 1 << mixed.indexOf(answer);
        expect(id).toBe(contentId('document', text));
      }
    }
    // The true answer stands in every of the six places somewhere.
    expect(places).toBe(0b111111);
    const other = await makeTestContext();
    await writeFile(join(other.folder, 'd.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
    const dataset = { source: 'd.jsonl', corpusCount: 5, testRatio: 0.3 };
    const again = await prepareDataset(dataset, { dataFolders: [other.folder] }, other);
    expect(again.corpus.trainSha256).toBe(first.corpus.trainSha256);
    await other.remove();
    const seeded = await prepare({ ...dataset, seed: 7 });
    expect(seeded.corpus.trainSha256).not.toBe(first.corpus.trainSha256);
  });

  it('with fewer answers than corpusCount asks for mixes all there are, and tells', async () => {
    await write('train.jsonl', pairs.slice(0, 50));
    await write('test.jsonl', pairs.slice(50, 53));
    const { sets, corpus } = await prepare({ source: '.', splits: ['train', 'test'], corpusCount: 5 });
    for (const text of Object.values(sets.test!.corpus))
      expect(text.match(/<\d+>/g)!.sort()).toEqual(['<50>', '<51>', '<52>']);
    expect(corpus.warnings).toEqual([expect.stringMatching(/dataset\.corpusCount: the test part has 3 answers/)]);
    expect(context.warnings).toEqual(corpus.warnings);
  });

  it('comes with interim files of every part', async () => {
    await write('train.jsonl', pairs.slice(0, 2));
    await write('test.jsonl', [{ question: 'Q "x"\n?', answer: 'a\u2028b' }]);
    const { interim } = await prepare({ source: '.', splits: ['train', 'test'] });
    expect(interim).toEqual({
      train: { '0': { Question: 'Q0?', Reference: '<0>' }, '1': { Question: 'Q1?', Reference: '<1>' } },
      test: { '0': { Question: 'Q "x"\n?', Reference: 'a\u2028b' } },
    });
  });
});
