// The data stages on real data.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { normalise } from '../src/dataset/content-hash.js';
import { prepareDataset, prepareReady, transformDataset } from './support/prepare-dataset.js';
import { makeTestContext, type TestContext } from './support/stage-context.js';

const shared = resolve(import.meta.dirname, '../../shared/data');
const settings = { dataFolders: [shared] };
let context: TestContext;
beforeEach(async () => {
  context = await makeTestContext();
});
afterEach(() => context.remove());

describe.skipIf(!existsSync(join(shared, 'sciq')))('SciQ (needs ../shared/data/sciq)', () => {
  it('splits by answer without any on both sides', async () => {
    const { pairs, split, corpus } = await prepareDataset({ source: 'sciq/sciq_train.jsonl' }, settings, context);
    const total = Object.values(split.parts).reduce((sum, count) => sum + count, 0);
    const dropped = Object.values(split.dropped).reduce((sum, count) => sum + count, 0);
    expect(total + dropped).toBe(12_679);
    const train = new Set(pairs.train!.map(({ answer }) => normalise(answer)));
    expect(pairs.test!.filter(({ answer }) => train.has(normalise(answer)))).toEqual([]);
    expect(pairs.test!.length / total).toBeGreaterThan(0.15);
    expect(pairs.test!.length / total).toBeLessThan(0.25);
    expect(corpus.parts.train!.documents).toBeLessThan(corpus.parts.train!.queries);
  });

  it('keeps its own train and test files apart', async () => {
    const { split } = await prepareDataset({ source: 'sciq', splits: ['train', 'test'] }, settings, context);
    expect(split.parts.train! + split.parts.test!).toBeGreaterThan(13_000);
  });
});

describe.skipIf(!existsSync(join(shared, 'covid')))('a messy CSV of FAQs (needs ../shared/data/covid)', () => {
  it('is read whole: quotes, HTML and line breaks in fields', async () => {
    const { pairs, splits } = await transformDataset({ source: 'covid/faq_covidbert.csv' }, settings, context);
    expect(splits['train']).toEqual({ rows: 213, kept: 213, dropped: {} });
    expect(pairs['train']![0]!.question).toBe('What is a novel coronavirus?');
    expect(pairs['train']!.some(({ answer }) => answer.includes('\n\n'))).toBe(true);
    const missing = transformDataset(
      { source: 'covid/faq_covidbert.csv', columns: { answer: 'reply' } },
      settings,
      context,
    );
    await expect(missing).rejects.toThrow(/no column "reply".*"answer_html", "link"/);
  });
});

const fixtures = join(shared, 'parquet-fixtures', 'test', 'files');
describe.skipIf(!existsSync(fixtures))('Parquet files of many writers (needs ../shared/data/parquet-fixtures)', () => {
  it('give the texts that their authors state', async () => {
    const read: string[] = [];
    for (const file of (await readdir(fixtures)).filter((name) => name.endsWith('.parquet'))) {
      const beside = async (ending: string): Promise<unknown> =>
        JSON.parse(await readFile(join(fixtures, file.replace('.parquet', ending)), 'utf8'));
      const rows = (await beside('.json')) as unknown[][];
      const { schema } = (await beside('.metadata.json')) as { schema: { name: string; num_children?: number }[] };
      if (schema.slice(1).some(({ num_children }) => num_children !== undefined)) continue;
      const isText = (value: unknown): boolean => typeof value === 'string' || value === null;
      const index = schema
        .slice(1)
        .findIndex((_, place) => rows.every((row) => isText(row[place])) && rows.some((row) => row[place] !== null));
      if (index < 0) continue;
      const column = schema[index + 1]!.name;
      const result = await transformDataset(
        { source: `parquet-fixtures/test/files/${file}`, columns: { question: column, answer: column } },
        settings,
        context,
      ).catch((error: unknown) => String(error));
      if (typeof result === 'string') {
        // Dates come as text from their authors, and are none; Hadoop's own LZ4 is told apart from a damaged file.
        expect(result, file).toMatch(
          /must hold strings, got (DATE|TIMESTAMP|DECIMAL|BLOB)|not read, got LZ4\. Write it with/,
        );
        continue;
      }
      const { pairs, splits } = result;
      expect(splits['train']!.rows, file).toBe(rows.length);
      const texts = rows
        .map((row) => row[index] as string | null)
        .filter((text) => text !== null && text.trim() !== '');
      expect(
        pairs['train']!.map(({ question }) => question),
        file,
      ).toEqual(texts);
      read.push(file);
    }
    expect(read).toContain('delta_byte_array.parquet');
    expect(read.length).toBeGreaterThan(5);
  });
});

describe.skipIf(!existsSync(join(shared, 'lyft-uber')))('Lyft and Uber (needs ../shared/data/lyft-uber)', () => {
  it('are ready files without a mode', async () => {
    const dataset = { train: 'lyft-uber/train_dataset.json', test: 'lyft-uber/val_dataset.json' };
    const { corpus } = await prepareReady(dataset, settings, context);
    expect(corpus.parts).toEqual({
      train: { queries: 668, documents: 334, pairs: 668 },
      test: { queries: 790, documents: 395, pairs: 790 },
    });
  });
});

const beir = join(shared, 'beir-samples');
describe.skipIf(!existsSync(beir))('BEIR folders (need ../shared/data/beir-samples)', () => {
  it.each([
    ['msmarco', 43, 5000],
    ['dbpedia', 40, 5000],
    ['business-reports', 11, 671],
  ])('%s has the questions that are judged', async (name, queries, documents) => {
    const { corpus } = await prepareReady(
      { train: `beir-samples/${name}`, test: `beir-samples/${name}` },
      settings,
      context,
    );
    expect(corpus.parts.test).toMatchObject({ queries, documents });
    expect(corpus.warnings).toContainEqual(
      `dataset.test: ${50 - queries} questions have no document that answers them; dropped.`,
    );
  });

  it('of Arabic judge questions and documents that are not there, which is told', async () => {
    const { corpus } = await prepareReady({ train: 'beir-samples/arcd', test: 'beir-samples/arcd' }, settings, context);
    expect(corpus.parts.test!.documents).toBe(255);
    expect(corpus.warnings).toContainEqual('dataset.test: 652 judged questions are not among the questions; dropped.');
  });
});
