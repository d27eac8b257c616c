// Activities that are called by themselves, with inputs that no workflow made: what would lead out of the data folders is refused before
// the trainer hears of it and before anything is made on the disk.
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
import { makeRandomModel } from '../src/models/random-init.js';
import { startFakeHub } from '../test/support/fake-hub.js';
import { writeTinyTokenizer } from '../test/support/tiny-tokenizer.js';
import { createActivities, type Activities, type TrainerPool } from './index.js';

let root: string;
let storeId: string;
let activities: Activities;
/** What reached the trainer. */
let called: [string, Record<string, unknown>][];
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'activity-borders-')));
  await mkdir(join(root, 'data', 'candidate'), { recursive: true });
  await mkdir(join(root, 'outside'));
  await symlink(join(root, 'outside'), join(root, 'data', 'link'));
  const store = join(root, 'store');
  storeId = (await openLocalStore({ folder: store, create: true })).id;
  called = [];
  const trainers = {
    call: (name: string, input: Record<string, unknown>) => {
      called.push([name, input]);
      return Promise.resolve({});
    },
  };
  activities = createActivities({ store, dataFolders: [join(root, 'data')] }, trainers as unknown as TrainerPool);
});
afterEach(() => rm(root, { recursive: true }));

async function run<K extends keyof Activities>(name: K, input: object, of: Activities = activities): Promise<unknown> {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  return environment.run(of[name] as (input: object) => Promise<unknown>, { storeId, ...input });
}
const spec = { model: 'org/base', dataset: 'org/data', output: { name: 'words', directory: 'out' } };
const settle = (path: string, ofSpec: object = spec): Promise<unknown> =>
  run('settleRetrain', { spec: ofSpec, candidate: { model: { path, sha256: 'nothing' } } });

describe('settling a retrain', () => {
  it('takes a candidate inside the data folders, and hands on the parsed spec', async () => {
    await settle('candidate');
    expect(called).toMatchObject([
      [
        'settleRetrain',
        {
          candidate: { model: { path: join(root, 'data', 'candidate'), sha256: 'nothing' } },
          spec: { retrain: { smallestGain: 0 } },
          outputDirectory: join(root, 'data', 'out'),
        },
      ],
    ]);
  });

  it.each(['/etc', '../outside', 'link', 'link/deeper', '/nowhere'])('refuses the candidate %s', async (path) => {
    await expect(settle(path)).rejects.toMatchObject({ type: 'PathNotAllowed', nonRetryable: true });
    expect(called).toEqual([]);
  });

  it('refuses a spec that the workflow would not have taken', async () => {
    const escaping = { ...spec, output: { ...spec.output, name: '../../escape' } };
    await expect(settle('candidate', escaping)).rejects.toMatchObject({ type: 'InvalidSpec' });
    expect(called).toEqual([]);
  });
});

describe('what the Hub has', () => {
  const random = { tokenizer: '', hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 16 };
  const modelFiles = async (): Promise<Record<string, Buffer>> => {
    const folder = join(root, 'model');
    await writeTinyTokenizer(join(root, 'tokenizer'), ['one two three']);
    const shape = { ...random, maxPositionEmbeddings: 16, pooling: 'mean' as const, seed: 1 };
    const names = await makeRandomModel({ spec: shape, tokenizerFolder: join(root, 'tokenizer'), folder });
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
    );
  };

  it('is refused where it is not allowed, also when another Worker has brought it into the store', async () => {
    const hub = await startFakeHub({
      repos: [
        { type: 'model', name: 'org/base', files: await modelFiles() },
        { type: 'dataset', name: 'org/data', files: { 'train.jsonl': '{"question": "q", "answer": "a"}' } },
      ],
    });
    const worker = (allowed: string[]): Activities =>
      createActivities(
        { store: join(root, 'store'), dataFolders: [], hubUrl: hub.url, allowedSources: { hub: allowed } },
        {} as TrainerPool,
      );
    const dataset = { source: 'org/data', splits: ['train'] };
    const inputs = [
      ['downloadModel', { pin: { type: 'hub', id: 'org/base', commit: hub.commitOf('org/base') } }],
      ['downloadDataset', { pin: { type: 'hub', id: 'org/data', commit: hub.commitOf('org/data') }, dataset }],
    ] as const;
    try {
      for (const [activity, input] of inputs) {
        await run(activity, input, worker(['org']));
        await expect(run(activity, input, worker(['other']))).rejects.toMatchObject({
          type: 'SourceNotAllowed',
          nonRetryable: true,
        });
        await run(activity, input, worker(['*']));
      }
    } finally {
      await hub.close();
    }
  });
});

describe('what is published', () => {
  it.each<[keyof Activities, (name: unknown) => object]>([
    ['publishComparison', (name) => ({ directory: 'out', comparison: { kind: 'sweep', name } })],
    ['placeChampion', (name) => ({ directory: 'out', name })],
    ['publishModel', (name) => ({ spec: { ...spec, output: { name, directory: 'out' } } })],
  ])('by %s has a name that leads nowhere else', async (activity, inputNamed) => {
    for (const name of ['../../../outside/new', '/abs', '..', '.hidden', 'a/b', 7]) {
      await expect(run(activity, inputNamed(name))).rejects.toMatchObject({ type: 'InvalidSpec', nonRetryable: true });
    }
    expect(called).toEqual([]);
    expect(await readdir(join(root, 'outside'))).toEqual([]);
    await run(activity, inputNamed('words'));
    expect(called).toHaveLength(1);
  });
});
