// Weeks of retrains with real activities and the real trainer on a tiny encoder, on the time-skipping server. That server knows no
// Schedules, so a workflow of the test's own starts a retrain each week; Schedules themselves are tested in retrain-schedule.test.ts.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities, TrainerPool, type WorkerSettings } from '../activities/index.js';
import { readChampionLog, type ChampionEntry } from '../src/artifacts/champion-log.js';
import { sha256OfFile } from '../src/artifacts/hash.js';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { RetrainResult, RetrainSpecInput } from '../src/spec/retrain.js';
import { MADE_UP_WORDS, madeUpPairs } from './support/made-up-words.js';
import { startTimeSkippingServer } from './support/time-skipping-server.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const DAY_MS = 24 * 3_600_000;
let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let folder: string;
let spec: RetrainSpecInput;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'retrain-')));
  await writeTinyTokenizer(join(folder, 'tokenizer'), MADE_UP_WORDS);
  [environment, workflowBundle] = await Promise.all([
    startTimeSkippingServer(),
    bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./support/month.ts', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    }),
  ]);
  const shape = { hiddenSize: 32, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 64 };
  spec = {
    model: { random: { tokenizer: join(folder, 'tokenizer'), maxPositionEmbeddings: 32, ...shape } },
    dataset: { source: join(folder, 'pairs.jsonl'), testRatio: 0.3 },
    training: { epochs: 8, batchSize: 16, learningRate: 5e-3 },
    output: { name: 'words', directory: join(folder, 'out') },
  };
});
afterAll(async () => {
  await environment?.teardown();
  await rm(folder, { recursive: true, force: true });
});

type Row = { question: string; answer: string };
const dataOf = (rows: Row[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Lets weeks go by; before each retrain the data is what its week says. */
async function weeks(data: readonly Row[][]): Promise<RetrainResult[]> {
  const taskQueue = `retrain-${randomUUID()}`;
  const settings: WorkerSettings = {
    store: join(folder, 'store'),
    dataFolders: [folder],
    trainingTaskQueue: `${taskQueue}-training`,
    trainerPath: fileURLToPath(new URL('../dist/src/trainer/child.js', import.meta.url)),
    threads: 1,
  };
  const trainers = new TrainerPool(settings);
  const activities = {
    ...createActivities(settings, trainers),
    beforeWeek: (week: number) => writeFile(join(folder, 'pairs.jsonl'), dataOf(data[week - 1]!)),
  };
  const { nativeConnection: connection, client } = environment;
  const worker = await Worker.create({ connection, taskQueue, activities, workflowBundle });
  const trainer = await Worker.create({
    ...{ connection, activities, maxConcurrentActivityTaskExecutions: 1 },
    taskQueue: `${taskQueue}-training`,
  });
  const run = { taskQueue, workflowId: randomUUID(), args: [data.length, spec] };
  try {
    const month = () => client.workflow.execute('month', run) as Promise<RetrainResult[]>;
    return await worker.runUntil(trainer.runUntil(month));
  } finally {
    await trainers.close();
  }
}

const history = async (): Promise<ChampionEntry[]> =>
  readChampionLog(await openLocalStore({ folder: join(folder, 'store') }), 'words');
const served = () => join(folder, 'out/data/champions/words');
const servedSha256 = () => sha256OfFile(join(served(), 'model.safetensors'));

describe('six weeks of retrains', () => {
  const few = madeUpPairs(7);
  const many = madeUpPairs(10);
  // Known words, only in another order: nothing to gain.
  const more = [...many, { question: 'lo ka mi', answer: 'yo zu xe' }];
  let results: RetrainResult[];
  beforeAll(async () => {
    // The third week's file is another one, but its new row has no answer.
    results = await weeks([few, few, [...few, { question: 'what?', answer: '' }], many, more, more]);
  });

  it('end with a promotion from the base model, nothing new twice, a promotion from the champion, no gain, nothing new', () => {
    expect(results.map(({ outcome }) => outcome)).toEqual([
      'promoted',
      'unchanged',
      'unchanged',
      'promoted',
      'notPromoted',
      'unchanged',
    ]);
    expect(results.map(({ champion }) => champion?.version)).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it('say why each time', () => {
    const whys = results.map(({ why }) => why);
    expect(whys[0]).toMatch(
      /^Promoted: a gain is proven \(NDCG@10 \+0\.\d+ against the base model; 95 % interval \+0\./,
    );
    expect(whys[1]).toBe('Neither data nor settings have changed: the champion (version 1) was trained on them.');
    expect(whys[2]).toMatch(/^The data has a new revision, but the same questions and answers: the champion/);
    expect(whys[3]).toMatch(/^Promoted: a gain is proven .* against the champion, version 1;/);
    expect(whys[4]).toMatch(/^Not promoted: no gain is proven/);
    expect(whys[5]).toMatch(
      /tried on \d{4}-\d\d-\d\d with the same model to begin with, and gave a candidate that was not/,
    );
  });

  it('train only when there is something to train', () => {
    expect(results.map(({ candidate }) => candidate !== undefined)).toEqual([true, false, false, true, true, false]);
    expect(results[3]?.metrics?.before).not.toEqual(results[0]?.metrics?.after);
  });

  it('keep a history, three weeks and then one week apart by the server’s clock', async () => {
    const entries = await history();
    expect(entries.map(({ event }) => event)).toEqual(['promoted', 'promoted', 'rejected']);
    const [first, second, third] = entries.map(({ at }) => Date.parse(at));
    expect(Math.round((second! - first!) / DAY_MS)).toBe(21);
    expect(Math.round((third! - second!) / DAY_MS)).toBe(7);
    expect(entries[1]?.candidate?.start).toBe(entries[0]?.version?.sha256);
  });

  it('leave the champion at a path that stays', async () => {
    expect(await readlink(served())).toBe('../versions/words-v2');
    expect(await servedSha256()).toBe(results[3]?.champion?.sha256);
    expect(await readdir(served())).toEqual(
      expect.arrayContaining(['onnx', 'report.html', 'README.md', 'modules.json']),
    );
  });

  it('are followed, after a roll-back, by a retrain that begins with the version before', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...[main, 'rollback', 'words', '--store', join(folder, 'store'), '--json'],
    ]);
    expect(JSON.parse(stdout.trimEnd().split('\n').pop()!)).toMatchObject({ from: 2, champion: 1, path: served() });
    expect(await servedSha256()).toBe(results[0]?.champion?.sha256);

    const [next] = await weeks([more]);
    expect(next).toMatchObject({ outcome: 'promoted', champion: { version: 5 } });
    expect(next?.why).toContain('against the champion, version 1');
    const entries = await history();
    expect(entries.map(({ event, champion }) => [event, champion])).toEqual([
      ['promoted', 1],
      ['promoted', 2],
      ['rejected', 2],
      ['rolledBack', 1],
      ['promoted', 5],
    ]);
    expect(entries[4]?.candidate?.start).toBe(entries[0]?.version?.sha256);
    expect(await servedSha256()).toBe(next?.champion?.sha256);
  });
});
