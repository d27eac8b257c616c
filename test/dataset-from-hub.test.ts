// Datasets from a Hub, over HTTP: a small local server speaks the Hub's paths.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DuckDBInstance } from '@duckdb/node-api';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pinDataset } from '../src/dataset/pin-dataset.js';
import type { SourceSettings } from '../src/sources/source-settings.js';
import { startFakeHub, type FakeHub, type FakeRepo } from './support/fake-hub.js';
import { makeZip } from './support/make-zip.js';
import { datasetSpec, prepareDataset, transformDataset } from './support/prepare-dataset.js';
import { makeTestContext, type TestContext } from './support/stage-context.js';

let context: TestContext;
let hub: FakeHub;
const serve = async (...repos: Partial<FakeRepo>[]): Promise<void> => {
  hub = await startFakeHub({ repos: repos.map((repo) => ({ type: 'dataset', name: 'a/b', files: {}, ...repo })) });
};
const settings = (): SourceSettings => ({ dataFolders: [context.folder], hubUrl: hub.url, hubRetryDelayMs: 1 });

beforeEach(async () => {
  context = await makeTestContext();
});
afterEach(async () => {
  await hub.close();
  await context.remove();
});

const parquet = async (select: string): Promise<Buffer> => {
  const path = join(context.folder, 'made.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return readFile(path);
};
const rows = (prefix: string, count = 2): string =>
  `SELECT '${prefix}q' || i AS question, '${prefix}a' || i AS answer FROM range(${count}) t(i)`;

/** As `camel-ai/physics` ships: one zip of many JSON files, one object each; a column's name ends in a semicolon. */
const physics = (): Buffer =>
  makeZip(
    [...Array(400).keys()].map((index) => ({
      name: `physics/${String(index % 20).padStart(3, '0')}_${String(index).padStart(3, '0')}.json`,
      content: JSON.stringify({
        role_1: 'Physicist_RoleType.ASSISTANT',
        'topic;': `Topic ${index % 20}`,
        sub_topic: `Part ${index}`,
        message_1: `Question ${index}?`,
        message_2: index === 7 ? '' : `Answer ${index}.`,
      }),
    })),
  );

describe('a dataset of the Hub', () => {
  it('that ships as a zip of JSON files goes through all data stages, its transfer cut once', async () => {
    await serve({ name: 'camel-ai/physics', files: { 'README.md': '# p', 'physics.zip': physics() } });
    hub.cut(/physics\.zip/, 5000);
    const columns = { question: ['message_1'], answer: ['topic;', 'sub_topic', 'message_2'] };
    const { pairs, split, corpus, sets } = await prepareDataset(
      { source: 'camel-ai/physics', splits: ['train'], columns, testRatio: 0.2, corpusCount: 5, seed: 42 },
      settings(),
      context,
    );
    const all = [...pairs.train!, ...pairs.test!];
    expect(all).toHaveLength(400);
    expect(all).toContainEqual({ question: 'Question 9?', answer: 'Topic 9 Part 9 Answer 9.' });
    expect(all).toContainEqual({ question: 'Question 7?', answer: 'Topic 7 Part 7' });
    expect(split.parts.test).toBeGreaterThan(50);
    expect(corpus.parts.test!.queries).toBe(split.parts.test);
    expect(Object.keys(sets.train!)).toEqual(['queries', 'corpus', 'relevant_docs', 'mode']);
    expect(context.warnings).toEqual([expect.stringMatching(/^Hub: the (connection|transfer).*; attempt 2 of 5/)]);
  });

  it('is pinned to its commit, and only the asked splits are fetched', async () => {
    const files = {
      'data/train-00000-of-00001.parquet': await parquet(rows('train', 2000)),
      'data/test-00000-of-00001.parquet': await parquet(rows('test', 2000)),
      'data/huge-00000-of-00001.parquet': await parquet(rows('huge', 2000)),
    };
    await serve({ files });
    const dataset = { source: 'a/b', splits: ['train', 'test'], testRatio: 0 };
    const pin = await pinDataset(datasetSpec(dataset), settings(), context);
    expect(pin).toEqual({ type: 'hub', id: 'a/b', commit: hub.commitOf('a/b') });
    const { pairs } = await transformDataset(dataset, settings(), context);
    expect(pairs['train']).toHaveLength(2000);
    expect(pairs['test']![0]).toEqual({ question: 'testq0', answer: 'testa0' });
    expect(hub.requests.filter(({ path }) => path.includes('huge'))).toEqual([]);
  });

  it('whose files cannot be read is taken from the Hub’s own Parquet conversion, whose commit is recorded', async () => {
    await serve({
      files: { 'loader.py': 'code', 'audio.tar': 'x' },
      conversion: { 'default/train/0000.parquet': await parquet(rows('c')) },
    });
    const pin = await pinDataset(datasetSpec('a/b'), settings(), context);
    expect(pin).toEqual({
      type: 'hub',
      id: 'a/b',
      commit: hub.commitOf('a/b'),
      conversion: hub.commitOf('a/b', 'conversion'),
    });
    expect((await transformDataset('a/b', settings(), context)).pairs['train']).toHaveLength(2);
    expect(context.warnings[0]).toMatch(/Parquet conversion is used instead/);
  });

  it('that cannot be read at all is told with the formats and files', async () => {
    await serve({ files: { 'loader.py': 'code' } });
    const pinned = pinDataset(datasetSpec('a/b'), settings(), context);
    await expect(pinned).rejects.toMatchObject({ type: 'InvalidData' });
    await expect(pinned).rejects.toThrow(
      /a\/b has no files of a format that is read \(\.parquet.*Files there: loader\.py/,
    );
  });

  it('without the asked split is told before anything is downloaded', async () => {
    await serve({ files: { 'train.jsonl': '{}', 'dev.jsonl': '{}' } });
    const spec = datasetSpec({ source: 'a/b', splits: ['train', 'test'] });
    await expect(pinDataset(spec, settings(), context)).rejects.toThrow(/got "test"\. There are: validation, train/);
    expect(hub.requests.some(({ path }) => path.includes('resolve'))).toBe(false);
  });

  it('that is unknown or gated is told as a dataset', async () => {
    await serve({ name: 'closed/set', gated: true });
    await expect(pinDataset(datasetSpec('no/such'), settings(), context)).rejects.toThrow(
      /^dataset\.source: dataset "no\/such" is unknown to the Hub/,
    );
    await expect(pinDataset(datasetSpec('closed/set'), settings(), context)).rejects.toThrow(
      /^dataset\.source: dataset "closed\/set" is gated .*HF_TOKEN/,
    );
  });

  it('that lies in the data folders under its name is refused at a revision, which would not be what is read', async () => {
    await serve({ files: { 'train.jsonl': '{}' } });
    await mkdir(join(context.folder, 'a/b'), { recursive: true });
    await writeFile(join(context.folder, 'a/b/train.jsonl'), '{"question": "q", "answer": "a"}\n');
    for (const source of ['a/b', './a/b', 'a/b/train.jsonl']) {
      const pinned = pinDataset(datasetSpec({ source, revision: 'v7' }), settings(), context);
      await expect(pinned).rejects.toMatchObject({ type: 'InvalidSpec' });
      await expect(pinned).rejects.toThrow(/^dataset\.revision: .* got "v7"\. Remove revision .*, or move/);
      expect(await pinDataset(datasetSpec(source), settings(), context)).toMatchObject({ type: 'local' });
    }
    expect(hub.requests).toEqual([]);
  });

  it('with a name that needs escaping is fetched all the same', async () => {
    await serve({ files: { 'my data #1?.jsonl': '{"question": "q", "answer": "a"}\n' } });
    expect((await transformDataset('a/b', settings(), context)).pairs['train']).toEqual([
      { question: 'q', answer: 'a' },
    ]);
  });
});
