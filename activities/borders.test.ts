// Activities that are called by themselves, with inputs that no workflow made: what would lead out of the data folders is refused before
// the trainer hears of it and before anything is made on the disk.
import { mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
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

async function run<K extends keyof Activities>(name: K, input: object): Promise<unknown> {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  return environment.run(activities[name] as (input: object) => Promise<unknown>, { storeId, ...input });
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
