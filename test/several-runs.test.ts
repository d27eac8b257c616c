// Sweep and chain with the real activities and the real trainer process, on a tiny encoder with random weights.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities, TrainerPool, type Activities, type WorkerSettings } from '../activities/index.js';
import { sha256OfFile } from '../src/artifacts/hash.js';
import type { ChainSpecInput } from '../src/spec/chain.js';
import type { ChainResult, SweepResult } from '../src/spec/comparison.js';
import type { FineTuneSpecInput } from '../src/spec/spec.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import type { ArtifactRef } from '../src/spec/stages.js';
import type { SweepSpecInput } from '../src/spec/sweep.js';
import { realTexts } from './support/real-texts.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let folder: string;
let inputs: string;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
  folder = await mkdtemp(join(tmpdir(), 'several-runs-'));
  inputs = join(folder, 'inputs');
  const texts = await realTexts(80);
  await writeTinyTokenizer(join(inputs, 'tokenizer'), texts, 300);
  await writePairs('first', texts.slice(0, 40));
  await writePairs('second', texts.slice(40));
});
afterAll(async () => {
  await environment?.teardown();
  await rm(folder, { recursive: true, force: true });
});

async function writePairs(name: string, texts: readonly string[]): Promise<void> {
  const rows = texts.map((answer, index) => ({ question: `${index} ${answer.slice(0, 30)}`, answer }));
  await writeFile(join(inputs, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

const model = (): FineTuneSpecInput['model'] => ({
  random: {
    tokenizer: join(inputs, 'tokenizer'),
    ...{ hiddenSize: 32, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 64, maxPositionEmbeddings: 64 },
  },
});
const training = { epochs: 4, batchSize: 4, learningRate: 1e-3 };

/** An activity's call, as the test sees it. */
interface Call {
  workflow: string;
  name: keyof Activities;
  artifact?: ArtifactRef;
}

/** Runs a workflow on Workers of its own, with two places for trainings. */
async function run<Result>(
  workflowType: string,
  input: unknown,
  store: string,
  onCall: (call: Call) => Promise<void> | void = () => undefined,
): Promise<Result> {
  const taskQueue = `several-${randomUUID()}`;
  const trainingTaskQueue = `${taskQueue}-training`;
  const settings: WorkerSettings = {
    ...{ store: join(folder, store), dataFolders: [folder], trainingTaskQueue, threads: 1 },
    trainerPath: fileURLToPath(new URL('../dist/src/trainer/child.js', import.meta.url)),
  };
  const trainers = new TrainerPool(settings);
  const real = createActivities(settings, trainers);
  const watched = Object.entries(real).map(([name, activity]) => [
    name,
    async (argument: never): Promise<unknown> => {
      const result: { artifact?: ArtifactRef } = await (activity as (argument: never) => Promise<object>)(argument);
      const { workflowId } = Context.current().info.workflowExecution!;
      const { artifact } = result;
      await onCall({ workflow: workflowId, name: name as keyof Activities, ...(artifact && { artifact }) });
      return result;
    },
  ]);
  const activities = Object.fromEntries(watched) as Activities;
  const { nativeConnection: connection, client } = environment;
  const main = await Worker.create({ connection, taskQueue, activities, workflowBundle });
  const trainer = await Worker.create({
    ...{ connection, taskQueue: trainingTaskQueue, activities },
    maxConcurrentActivityTaskExecutions: 1,
  });
  try {
    return await main.runUntil(
      trainer.runUntil(
        client.workflow.execute(workflowType, { taskQueue, workflowId: `it-${randomUUID()}`, args: [input] }),
      ) as Promise<Result>,
    );
  } finally {
    await trainers.close();
  }
}

const modelFile = (path: string): Promise<string> => sha256OfFile(join(path, 'model.safetensors'));

describe('a sweep', { timeout: 180_000 }, () => {
  const spec = (): SweepSpecInput => ({
    base: {
      model: model(),
      dataset: { source: join(inputs, 'first.jsonl'), validationRatio: 0.25 },
      training,
      output: { name: 'swept', directory: join(folder, 'out') },
    },
    settings: { learningRate: [1e-5, 1e-3, 4e-3] },
    halving: { factor: 2, firstEpochs: 1 },
  });
  let result: SweepResult;
  let calls: Call[];

  beforeAll(async () => {
    calls = [];
    let isRemoved = false;
    result = await run<SweepResult>('sweep', spec(), 'store', async (call) => {
      calls.push(call);
      // The trials need the source no more: the data is prepared.
      if (isRemoved || call.name !== 'buildCorpus') return;
      isRemoved = true;
      await rm(join(inputs, 'first.jsonl'));
    });
    await writePairs('first', (await realTexts(80)).slice(0, 40));
  });

  it('prepares the data once, and every trial finds it', () => {
    for (const name of ['downloadDataset', 'transformPairs', 'splitPairs', 'buildCorpus'] as const) {
      const found = calls.filter((call) => call.name === name);
      const keys = new Set(found.map(({ artifact }) => artifact!.key));
      expect([...keys], name).toHaveLength(1);
      // The sweep's own call comes first, those of its trials after it.
      expect(found.length).toBeGreaterThan(3);
      expect(found.slice(1).every(({ workflow }) => workflow.startsWith(`${found[0]!.workflow}-`))).toBe(true);
    }
  });

  it('trains in rounds to the very model that a run made at once has', async () => {
    const { best, trials } = result;
    expect(trials.filter(({ outcome }) => outcome === 'stopped')).toHaveLength(2);
    const winner = trials[best.trial - 1]!;
    expect(winner).toMatchObject({ outcome: 'best', epochs: 4 });
    expect(winner.validation).toBe(Math.max(...trials.map(({ validation }) => validation!)));
    const learningRate = [1e-5, 1e-3, 4e-3][best.trial - 1]!;
    const { base } = spec();
    const straight = await run<FineTuneResult>(
      'fineTune',
      {
        ...base,
        training: { ...training, learningRate, keep: 'best' },
        output: { name: 'straight', directory: join(folder, 'out') },
      },
      'another-store',
    );
    expect(await modelFile(best.model.path)).toBe(await modelFile(straight.model.path));
    expect(best.metrics.after).toEqual(straight.metrics.after);
    expect(straight.publishedEpoch).toBe(winner.bestEpoch);
  });

  it('publishes one page that needs nothing else, and a small table beside it', async () => {
    expect(result.report).toBe(join(folder, 'out/data/comparisons/swept/report.html'));
    const page = await readFile(result.report, 'utf8');
    expect(page).toContain('learningRate 0.001');
    expect(page).toContain('NDCG@10 on the validation part');
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(JSON.stringify(result).length).toBeLessThan(16_384);
    const table = join(folder, 'out/data/comparisons/swept/comparison.json');
    expect((await stat(table)).size).toBeLessThan(16_384);
    expect(await readdir(join(folder, 'out/data/embeddings'))).toContain('swept');
  });

  it('trains one training a trial, whose rounds go on from each other and whose end is what is published', async () => {
    const lineages = new Set((await checkpoints()).flatMap((name) => /[0-9a-f]{64}/.exec(name) ?? []));
    expect(lineages.size).toBe(3);
  });

  it('made again trains nothing', async () => {
    const trained: Call[] = [];
    const before = await checkpoints();
    const again = await run<SweepResult>('sweep', spec(), 'store', (call) => {
      if (call.name === 'trainEpoch') trained.push(call);
    });
    const untimed = ({ trials }: SweepResult) => trials.map(({ seconds: _, ...row }) => row);
    expect(untimed(again)).toEqual(untimed(result));
    expect(trained.length).toBeGreaterThan(0);
    expect(await checkpoints()).toEqual(before);
  });

  async function checkpoints(): Promise<string[]> {
    const names = await readdir(join(folder, 'store/records'), { recursive: true });
    return names.filter((name) => name.startsWith('checkpoint')).sort();
  }
});

describe('a chain', { timeout: 180_000 }, () => {
  const spec = (): ChainSpecInput => ({
    base: { model: model(), training, output: { name: 'tower', directory: join(folder, 'out') } },
    steps: [
      { dataset: { source: join(inputs, 'first.jsonl') } },
      { dataset: { source: join(inputs, 'second.jsonl') }, training: { epochs: 2 } },
    ],
  });

  it('goes on from step to step, and measures every model on every test part', async () => {
    const result = await run<ChainResult>('chain', spec(), 'store-of-the-chain');
    const [first, second] = result.steps;
    expect(result.matrix.map(({ length }) => length)).toEqual([2, 2, 2]);
    expect(first).toMatchObject({
      base: result.matrix[0]![0],
      before: result.matrix[0]![0],
      after: result.matrix[1]![0],
    });
    expect(second).toMatchObject({
      base: result.matrix[0]![1],
      before: result.matrix[1]![1],
      after: result.matrix[2]![1],
    });
    expect(second!.verdict!.difference).toBeCloseTo(second!.after! - second!.before!, 4);
    expect(second!.verdictFromBase!.difference).toBeCloseTo(second!.after! - second!.base!, 4);

    // A run of its own from the first step's model gives the second step's, byte for byte.
    const alone = await run<FineTuneResult>(
      'fineTune',
      {
        model: first!.model!.path,
        dataset: { source: join(inputs, 'second.jsonl') },
        training: { ...training, epochs: 2 },
        output: { name: 'alone', directory: join(folder, 'out') },
      },
      'another-store-of-the-chain',
    );
    expect(await modelFile(alone.model.path)).toBe(second!.model!.sha256);
    // What the run itself measured, before and after, is what stands in the table.
    expect(alone.metrics.before['ndcg@10']).toBeCloseTo(second!.before!, 5);
    expect(alone.metrics.after['ndcg@10']).toBeCloseTo(second!.after!, 5);

    const page = await readFile(result.report, 'utf8');
    expect(page).toContain('Every model on every test part');
    expect(JSON.stringify(result).length).toBeLessThan(16_384);
  });
});
