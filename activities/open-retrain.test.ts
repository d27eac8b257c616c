// What a retrain sees when it looks, in Temporal's mock environment: nothing is trained here, the history is written by the test.
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addToChampionLog, readChampionLog, type ChampionEntry } from '../src/artifacts/champion-log.js';
import { openLocalStore } from '../src/artifacts/local-store.js';
import { parseRetrainSpec, type OpenRetrainResult } from '../src/spec/retrain.js';
import { startFakeHub, type FakeHub } from '../test/support/fake-hub.js';
import { writeTinyTokenizer } from '../test/support/tiny-tokenizer.js';
import { createActivities, type WorkerSettings } from './index.js';

let folder: string;
let settings: WorkerSettings;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-retrain-'));
  settings = { store: join(folder, 'store'), dataFolders: [folder] };
  await writeTinyTokenizer(join(folder, 'tokenizer'), ['question', 'answer']);
  await writePairs(pairs);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pairs = Array.from({ length: 30 }, (_, i) => ({ question: `question ${i}?`, answer: `answer ${i}` }));
const writePairs = (rows: object[]) =>
  writeFile(join(folder, 'pairs.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const specWith = (training: object = {}, hiddenSize = 32) =>
  parseRetrainSpec({
    model: { random: { tokenizer: './tokenizer', hiddenSize } },
    dataset: { source: './pairs.jsonl' },
    training,
    output: { name: 'words', directory: 'out' },
  });
const open = (spec = specWith()): Promise<OpenRetrainResult> =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(createActivities(settings).openRetrain, {
    spec,
  });
const failureOf = (promise: Promise<unknown>): Promise<ApplicationFailure> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: unknown) => error as ApplicationFailure,
  );
const served = () => join(folder, 'out/data/champions/words');

/** Writes down what became of a candidate that was made from what was looked at. */
async function settle({ start, inputs }: OpenRetrainResult, promoted: boolean): Promise<void> {
  const store = await openLocalStore({ folder: settings.store });
  const log = await readChampionLog(store, 'words');
  const sha256 = `weights ${log.length + 1}`;
  const ref = { kind: 'k', key: 'k' };
  const entry: Omit<ChampionEntry, 'number' | 'champion'> = {
    ...{ event: promoted ? 'promoted' : 'rejected', at: '2026-11-24T03:00:00.000Z', by: 'w', why: 'Because.' },
    candidate: {
      ...{ sha256, start, inputs: inputs!, base: 'random-4x32', trainedBy: 'w' },
      metrics: { before: {}, after: {} },
    },
    ...(promoted && { version: { sha256, files: ref, trainedOn: ref, directory: join(folder, 'out') } }),
  };
  const champion = promoted ? {} : { champion: log.at(-1)?.champion ?? 0 };
  await addToChampionLog(store, 'words', log, { ...entry, ...champion });
}

describe('looking before a retrain', () => {
  it('finds something to train at first, from the base model, with revision and content of the data', async () => {
    const opened = await open();
    expect(opened).toMatchObject({ name: 'words', data: 'pairs', dataset: { type: 'local' } });
    expect(opened).not.toHaveProperty('champion');
    expect(opened).not.toHaveProperty('unchanged');
    for (const hash of [opened.start, opened.inputs?.revision, opened.inputs?.content])
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await open()).toEqual(opened);
  });

  it('does not try again what lost from the same base model, and does from another', async () => {
    await settle(await open(), false);
    const again = await open();
    expect(again.unchanged).toBe(
      'Neither data nor settings have changed: they were tried on 2026-11-24 with the same model to begin with, and gave a candidate that was not promoted. Because.',
    );
    expect(again).not.toHaveProperty('inputs');
    expect(await open(specWith({}, 64))).not.toHaveProperty('unchanged');
  });

  it('finds nothing new after a promotion until data or settings change', async () => {
    await settle(await open(), true);
    const champion = { version: 1, path: served(), folder: join(folder, 'out/data/versions/words-v1') };
    expect(await open()).toMatchObject({
      champion,
      start: 'weights 1',
      unchanged: expect.stringContaining('version 1') as string,
    });
    const { unchanged, inputs } = await open(specWith({ epochs: 9 }));
    expect({ unchanged, inputs }).toMatchObject({ unchanged: undefined, inputs: {} });
    await writePairs([...pairs, { question: 'another?', answer: 'yes' }]);
    expect(await open()).not.toHaveProperty('unchanged');
  });

  it('tells a new revision with the same pairs from a change', async () => {
    await settle(await open(), true);
    await writePairs([
      ...pairs.map((pair) => ({ ...pair, source: 'a new column' })),
      { question: 'unanswered?', answer: '' },
    ]);
    expect((await open()).unchanged).toBe(
      'The data has a new revision, but the same questions and answers: the champion (version 1) was trained on them.',
    );
  });

  it('ends early while a branch on the Hub stays, and while what moves is no row; trains when rows move', async () => {
    const lines = (rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const name = 'acme/faq';
    const hubOf = (readme: string, rows: object[]): Promise<FakeHub> =>
      startFakeHub({ repos: [{ type: 'dataset', name, files: { 'README.md': readme, 'train.jsonl': lines(rows) } }] });
    const lookAt = async (hub: FakeHub, use: (opened: OpenRetrainResult) => Promise<void>): Promise<void> => {
      settings.hubUrl = hub.url;
      try {
        await use(await open({ ...specWith(), dataset: parseRetrainSpec({ ...specWith(), dataset: name }).dataset }));
      } finally {
        await hub.close();
      }
    };
    let commit = '';
    await lookAt(await hubOf('one', pairs), async (opened) => {
      expect(opened.dataset).toMatchObject({ type: 'hub', id: name });
      expect(opened).not.toHaveProperty('unchanged');
      commit = opened.data;
      await settle(opened, true);
    });
    await lookAt(await hubOf('one', pairs), ({ unchanged, data }) => {
      expect({ unchanged, data }).toMatchObject({ data: commit });
      expect(unchanged).toMatch(/^Neither data nor settings have changed: the champion \(version 1\)/);
      return Promise.resolve();
    });
    await lookAt(await hubOf('two', pairs), ({ unchanged, data }) => {
      expect(data).not.toBe(commit);
      expect(unchanged).toMatch(/^The data has a new revision, but the same questions and answers/);
      return Promise.resolve();
    });
    await lookAt(await hubOf('two', [...pairs, { question: 'another?', answer: 'yes' }]), (opened) => {
      expect(opened).not.toHaveProperty('unchanged');
      expect(opened.start).toBe('weights 1');
      return Promise.resolve();
    });
  });

  it('warns when the spec names another base model than the champion began with', async () => {
    await settle(await open(), true);
    const { warnings } = await open(specWith({}, 64));
    expect(warnings).toEqual([
      expect.stringMatching(/began with random-4x32 .* random-4x64 is not used\. Give the champion another name/),
    ]);
    expect((await open()).warnings ?? []).toEqual([]);
  });

  it('waits for a store that is away while a champion is served, instead of beginning anew', async () => {
    await settle(await open(), true);
    await mkdir(join(folder, 'out/data/champions'), { recursive: true });
    await symlink('../versions/words-v1', served());
    await rename(settings.store, join(folder, 'unmounted'));
    expect(await failureOf(open())).toMatchObject({ type: 'StoreUnavailable', nonRetryable: false });
    await openLocalStore({ folder: settings.store, create: true });
    const other = await failureOf(open());
    expect(other).toMatchObject({ type: 'InvalidData', nonRetryable: true });
    expect(other.message).toContain(`or remove ${served()} to begin anew`);
  });

  it('refuses an output folder outside the data folders before anything is pinned', async () => {
    const spec = { ...specWith(), output: { name: 'words', directory: '/elsewhere' } };
    expect(await failureOf(open(spec))).toMatchObject({ type: 'PathNotAllowed', nonRetryable: true });
  });
});
