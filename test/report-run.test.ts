// What a report tells of a real run, on a tiny random encoder and made-up pairs: counts against counts taken another way.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArtifact } from '../src/artifacts/artifact.js';
import { readRetrievalSet } from '../src/dataset/retrieval-set.js';
import { readHistory } from '../src/publishing/training-log.js';
import { collectReportData } from '../src/reporting/collect-report-data.js';
import type { ReportData } from '../src/reporting/report-data.js';
import { renderReport } from '../src/reporting/report.js';
import { parseSpec } from '../src/spec/parse.js';
import { openTokenizer } from '../src/text/tokenizer.js';
import { runStages, type RanStages } from './support/run-stages.js';
import { makeTestContext, type TestContext } from './support/stage-context.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

const LIMIT = 24;
const METALS = 'iron tin gold lead zinc silver copper nickel cobalt mercury sodium barium radium cerium'.split(' ');
const pairs = METALS.flatMap((metal, i) => {
  const answer =
    `${metal} was found by ${metal}ist number ${i} <b>long ago</b>, ${'in a far land '.repeat(i % 4)}`.trim();
  return [`Who found ${metal}?`, `Which person is known for ${metal}?`].map((question) => ({ question, answer }));
});

let context: TestContext;
let run: RanStages;
let data: ReportData;

beforeAll(async () => {
  context = await makeTestContext();
  const rows = [...pairs, { question: 'Without an answer?', answer: '' }, pairs[0]!];
  await writeFile(join(context.folder, 'metals.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  await mkdir(join(context.folder, 'tokenizer'));
  await writeTinyTokenizer(
    join(context.folder, 'tokenizer'),
    pairs.flatMap(({ question, answer }) => [question, answer]),
  );
  const spec = parseSpec({
    model: {
      random: {
        tokenizer: join(context.folder, 'tokenizer'),
        hiddenSize: 16,
        numHiddenLayers: 1,
        numAttentionHeads: 2,
        intermediateSize: 32,
        maxPositionEmbeddings: 64,
      },
    },
    dataset: { source: join(context.folder, 'metals.jsonl'), testRatio: 0.4, corpusCount: 2 },
    training: { epochs: 2, batchSize: 4, learningRate: 1e-3, maxSequenceLength: LIMIT },
    evaluation: { topK: 2 },
    output: { name: 'metals' },
  });
  const settings = { dataFolders: [context.folder] };
  run = await runStages(spec, { settings, context, outputDirectory: join(context.folder, 'out') });
  const history = await readHistory(context.store, run.input.published.checkpoint);
  data = await collectReportData(run.input, { store: context.store, history });
});
afterAll(async () => {
  await run?.close();
  await context.remove();
});

const fact = (label: string): string | undefined => data.data.find((one) => one.label === label)?.value;

describe('the report of a run', () => {
  it('counts rows read, dropped by reason, and parts', () => {
    expect(fact('Rows of split train')).toBe('30 read, 29 kept');
    expect(fact('Dropped: empty answer')).toBe('1');
    expect(fact('Dropped: exact duplicate')).toBe('1');
    const { queries, documents } = run.input.corpus.parts.test!;
    expect(fact('Test part')).toBe(`${queries} questions, ${documents} documents, ${queries} pairs`);
    expect(data.test).toEqual({ questions: queries, documents, answers: documents });
  });

  it('tells in how many mixed documents the true answer is cut', async () => {
    const { blobs } = await readArtifact(context.store, run.input.retrieval);
    const { corpus } = await readRetrievalSet(await context.store.blobPath(blobs['test.json']!));
    const tokenizer = await openTokenizer(join(context.folder, 'tokenizer'));
    const answers = new Set(pairs.map(({ answer }) => answer));
    const interim = JSON.parse((await context.store.readBlob(blobs['interim/test.json']!)).toString()) as Record<
      string,
      { Reference: string }
    >;
    const own = [...new Set(Object.values(interim).map(({ Reference }) => Reference))];
    expect(own.every((answer) => answers.has(answer))).toBe(true);
    // Documents stand in the order of their answers' first pair.
    const cut = Object.values(corpus).filter((text, i) => {
      const until = text.slice(0, text.indexOf(own[i]!) + own[i]!.length);
      return tokenizer.encode([until], 1000).texts.ids.length > LIMIT;
    });
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.length).toBeLessThan(own.length);
    expect(fact('True answer cut (test)')).toBe(`in ${cut.length} of ${own.length} documents`);
  });

  it('has a point for every step, numbered from 1, and the figures of every epoch', () => {
    expect(data.losses.map(({ step }) => step)).toEqual(data.losses.map((_, i) => i + 1));
    expect(data.losses).toHaveLength(run.input.plan.totalSteps);
    expect(data.epochs.map(({ epoch, test }) => [epoch, test?.['ndcg@10']])).toEqual(
      run.input.epochs.map(({ epoch, test }) => [epoch, test?.metrics['ndcg@10']]),
    );
    expect(data.metrics).toEqual({ before: run.input.before.metrics, after: run.input.after.metrics });
    expect(data.metrics.after).toHaveProperty(['hit_rate@2']);
    expect(data.bm25).toHaveProperty(['hit_rate@2']);
  });

  it('orders the changes and tells questions with the texts of the test part', () => {
    expect(data.changes).toHaveLength(data.test.questions);
    expect([...data.changes].sort((a, b) => a - b)).toEqual(data.changes);
    for (const { question, answer } of [...data.won, ...data.lost]) {
      const metal = /(?:found|for) (\w+)\?/.exec(question)![1]!;
      expect(answer).toContain(`${metal} was found by`);
    }
  });

  it('shows every setting and the machine, and draws without a stray value', async () => {
    expect(data.settings).toContainEqual({ label: 'training.learningRate', value: '0.001' });
    expect(data.machine.map(({ label }) => label)).toContain('ONNX Runtime');
    const page = await renderReport(data);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(page).not.toContain('<b>long ago');
    expect(page).toContain('&lt;b&gt;long ago');
  });

  it('is the same when it is collected again', async () => {
    const history = await readHistory(context.store, run.input.published.checkpoint);
    const notes: string[] = [];
    const again = { store: context.store, history, onProgress: (note: string) => notes.push(note) };
    expect(await collectReportData(run.input, again)).toEqual(data);
    for (const work of ['word matching', 'cut answers of the test part']) expect(notes.join()).toContain(work);
  });
});
