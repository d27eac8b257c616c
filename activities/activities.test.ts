// The activities in Temporal's mock environment: the store's identity, what a cancellation means, how errors and warnings leave. The
// trainer is a play one (test/support/fake-trainer.js).
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT_KIND } from '../src/artifacts/run-root.js';
import { openLocalStore } from '../src/artifacts/local-store.js';
import { parseSpec } from '../src/spec/parse.js';
import type { PinResult } from '../src/spec/preparation-stages.js';
import type { StageProgress } from '../src/spec/stages.js';
import { createActivities, TrainerPool, type Activities, type WorkerSettings } from './index.js';

const trainerPath = fileURLToPath(new URL('../test/support/fake-trainer.js', import.meta.url));
const logger = new DefaultLogger('ERROR');

let folder: string;
let settings: WorkerSettings;
let trainers: TrainerPool;
let activities: Activities;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'activities-'));
  await mkdir(join(folder, 'data'));
  settings = { store: join(folder, 'store'), dataFolders: [join(folder, 'data')], trainerPath };
  trainers = new TrainerPool(settings);
  activities = createActivities(settings, trainers);
});
afterEach(async () => {
  await trainers.close();
  await rm(folder, { recursive: true, force: true });
});

const environment = (info: { attempt?: number } = {}) =>
  new MockActivityEnvironment({ heartbeatTimeoutMs: 3000, ...info }, { logger });
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it should have failed');
    },
    (error: unknown) => error as ApplicationFailure,
  );
const makeStore = async () => (await openLocalStore({ folder: settings.store, create: true })).id;
const play = async (what: string, on = environment()) =>
  on.run(activities.trainEpoch as (input: object) => Promise<object>, { storeId: await makeStore(), play: what });

describe('the store', () => {
  const spec = () => parseSpec({ model: './no-such-folder', dataset: './pairs.jsonl' });

  it.each([1, 2])('is made by the first activity of a run, on attempt %i as well', async (attempt) => {
    // The model is not there, which is told after the store was opened.
    await failureOf(environment({ attempt }).run(activities.pinInputs, { spec: spec(), mayCreateStore: true }));
    await expect(openLocalStore({ folder: settings.store })).resolves.toBeDefined();
  });

  it('is not made by a run that began already', async () => {
    const failure = await failureOf(environment().run(activities.pinInputs, { spec: spec(), mayCreateStore: false }));
    expect(failure).toMatchObject({ type: 'StoreUnavailable', nonRetryable: false });
  });

  it('that is another than the one the run began on is told, both named, and tried again', async () => {
    const id = await makeStore();
    const input = { storeId: 'the-first', pairs: { kind: 'pairs', key: 'k' } };
    const failure = await failureOf(environment().run(activities.splitPairs as never, input as never));
    expect(failure).toMatchObject({ type: 'StoreMismatch', nonRetryable: false });
    expect(failure.message).toContain('the-first');
    expect(failure.message).toContain(id);
  });
});

describe('pinInputs', () => {
  const pin = (spec: object) => environment().run(activities.pinInputs, { spec: spec as never, mayCreateStore: true });

  it('refuses an output folder outside the data folders before anything else, and names the field', async () => {
    const failure = await failureOf(pin({ model: 'm', dataset: 'd', output: { directory: '../elsewhere' } }));
    expect(failure).toMatchObject({ type: 'PathNotAllowed', nonRetryable: true });
    expect(failure.message).toMatch(/output\.directory.*elsewhere/);
  });

  it("refuses to publish over the user's own dataset before anything else", async () => {
    await mkdir(join(folder, 'data', 'data', 'dataset', 'physics'), { recursive: true });
    await writeFile(join(folder, 'data', 'data', 'dataset', 'physics', 'pairs.csv'), 'question,answer\n');
    const failure = await failureOf(pin({ model: 'm', dataset: 'data/dataset/physics', output: { directory: '.' } }));
    expect(failure).toMatchObject({ type: 'PathNotAllowed', nonRetryable: true });
    expect(failure.message).toMatch(/^output: .*data\/dataset\/physics must be free.*another output\.directory/);
  });

  it("refuses to publish a comparison over the user's own folder before anything else", async () => {
    await mkdir(join(folder, 'data', 'data', 'comparisons', 'rates'), { recursive: true });
    await writeFile(join(folder, 'data', 'data', 'comparisons', 'rates', 'notes.md'), 'mine\n');
    const input = { spec: { model: 'm', dataset: 'd', output: { directory: '.' } } as never, mayCreateStore: true };
    const failure = await failureOf(environment().run(activities.pinInputs, { ...input, comparison: 'rates' }));
    expect(failure).toMatchObject({ type: 'PathNotAllowed', nonRetryable: true });
    expect(failure.message).toMatch(
      /^output: .*data\/comparisons\/rates must be free.*"notes.md".*another output\.name/,
    );
  });

  it('refuses a dataset outside the data folders', async () => {
    await writeFile(join(folder, 'secret.jsonl'), '{"question":"q","answer":"a"}\n');
    const tokenizer = join(folder, 'data', 'tokenizer');
    await mkdir(tokenizer);
    await writeFile(join(tokenizer, 'tokenizer.json'), '{}');
    const model = { random: { tokenizer: './tokenizer' } };
    const failure = await failureOf(pin({ model, dataset: '../secret.jsonl' }));
    expect(failure).toMatchObject({ type: 'PathNotAllowed', nonRetryable: true });
  });

  it('notes in the store that the local files it took are needed, which may be trained on much later', async () => {
    const tokenizer = join(folder, 'data', 'tokenizer');
    await mkdir(tokenizer);
    await writeFile(join(tokenizer, 'tokenizer.json'), '{}');
    await writeFile(join(folder, 'data', 'pairs.jsonl'), '{"question":"q","answer":"a"}\n');
    const pins = (await pin({
      model: { random: { tokenizer: './tokenizer' } },
      dataset: './pairs.jsonl',
    })) as PinResult;
    const store = await openLocalStore({ folder: settings.store });
    const [key] = await store.listRecords(ROOT_KIND);
    expect(await store.readRecord(ROOT_KIND, key!)).toMatchObject({
      artifacts: [pins.model, pins.dataset].map((each) => ('snapshot' in each ? each.snapshot : undefined)),
    });
  });

  it('refuses a spec with an unknown key, and names the nearest known one', async () => {
    const failure = await failureOf(pin({ model: 'm', dataset: 'd', trainning: {} }));
    expect(failure).toMatchObject({ type: 'InvalidSpec', nonRetryable: true });
    expect(failure.message).toContain('did you mean "training"');
  });
});

describe('an activity in the trainer', () => {
  it('sends the progress as heartbeats, and returns warnings with its result', async () => {
    const mock = environment();
    const beats: (StageProgress | undefined)[] = [];
    mock.on('heartbeat', (details: StageProgress | undefined) => beats.push(details));
    expect(await play('echo', mock)).toMatchObject({ calls: 1, warnings: ['a text was cut'] });
    expect(beats[0]).toBeUndefined();
    expect(beats.at(-1)).toMatchObject({ stage: 'train', done: 100, total: 100 });
    expect(beats).toContainEqual(expect.objectContaining({ note: 'a text was cut' }));
  });

  it.each([
    ['final', 'NonFiniteLoss', true],
    ['retryable', 'NoDiskSpace', false],
    ['damaged', 'ArtifactDamaged', false],
    ['exit', 'TrainerDied', false],
    ['allocation', 'OutOfMemory', true],
  ])('that ends by "%s" fails as %s', async (what, type, nonRetryable) => {
    const failure = await failureOf(play(what));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type, nonRetryable });
    expect(JSON.stringify([failure.message, failure.stack, String(failure.cause)])).not.toContain('abcdefghijklmnop');
  });

  const nonRetryables = async (plays: string[], from = 1) => {
    const told: (boolean | undefined | null)[] = [];
    for (const [index, what] of plays.entries()) {
      told.push((await failureOf(play(what, environment({ attempt: from + index })))).nonRetryable);
    }
    return told;
  };
  const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

  it('whose error nobody foresaw is tried again, but not more than ten times in a row', async () => {
    const attempts = times(10, 'nonsense');
    expect(await nonRetryables(attempts)).toEqual([...times(9, false), true]);
    // Scheduled anew, or reset, it begins anew.
    expect(await nonRetryables(attempts.slice(1))).toEqual(times(9, false));
    expect(await failureOf(play('nonsense', environment({ attempt: 10 })))).toMatchObject({
      ...{ type: 'UnexpectedError', nonRetryable: true },
    });
  });

  it('whose error nobody foresaw is tried again after many attempts that were stopped, or failed by what may pass', async () => {
    expect(await nonRetryables(['nonsense'], 99)).toEqual([false]);
    expect(await nonRetryables([...times(8, 'nonsense'), 'retryable', 'nonsense'], 100)).toEqual(times(10, false));
  });

  const stopped = async (details: ActivityCancellationDetails) => {
    const mock = environment();
    mock.on('heartbeat', (progress: StageProgress | undefined) => {
      if (progress) mock.cancel('CANCELLED', details);
    });
    return play('until-stopped', mock);
  };

  it('that the workflow asks to stop saves and returns what it has', async () => {
    expect(await stopped(new ActivityCancellationDetails({ cancelRequested: true }))).toEqual({ finished: false });
  });

  it.each(['paused', 'reset', 'workerShutdown', 'timedOut', 'notFound'])(
    'that is stopped for another reason (%s) saves, and fails as cancelled',
    async (reason) => {
      const failure = await failureOf(stopped(new ActivityCancellationDetails({ [reason]: true })));
      expect(failure).toBeInstanceOf(CancelledFailure);
    },
  );

  it('publishes into the allowed folders only', async () => {
    const spec = parseSpec({ model: 'm', dataset: 'd', output: { directory: '/nowhere' } });
    const input = { storeId: await makeStore(), spec } as never;
    const failure = await failureOf(environment().run(activities.publishModel, input));
    expect(failure).toMatchObject({ type: 'PathNotAllowed', nonRetryable: true });
    expect(trainers.pid).toBeUndefined();
  });
});

describe('the process of the Worker', () => {
  it('loads neither ONNX Runtime nor transformers.js with the activities', async () => {
    const entry = new URL('../dist/activities/index.js', import.meta.url).href;
    const script = `
      import { createRequire } from 'node:module';
      await import(${JSON.stringify(entry)});
      const objects = process.report.getReport().sharedObjects.filter((path) => /onnxruntime/.test(path));
      const modules = Object.keys(createRequire(import.meta.url).cache).filter((path) => /onnxruntime-node|huggingface.transformers/.test(path));
      console.log(JSON.stringify([...objects, ...modules]));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(JSON.parse(stdout)).toEqual([]);
  });
});
