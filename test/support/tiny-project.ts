// A folder with small data and a tiny encoder of random weights, and whole runs on it: a real server, real activities, the real trainer
// process, on Workers that end with the use.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { createActivities, TrainerPool, type WorkerSettings } from '../../activities/index.js';
import type { FineTuneSpecInput } from '../../src/spec/spec.js';
import { realTexts } from './real-texts.js';
import { writeTinyTokenizer } from './tiny-tokenizer.js';

/** Where runs run. */
export interface RunPlace {
  environment: TestWorkflowEnvironment;
  workflowBundle: WorkflowBundleWithSourceMap;
}

/** Small inputs, and specs on them. */
export class TinyProject {
  private constructor(readonly folder: string) {}

  /** Makes one with pairs of real text. */
  static async create({ pairs = 80 } = {}): Promise<TinyProject> {
    const folder = await mkdtemp(join(tmpdir(), 'fine-tune-'));
    const texts = await realTexts(pairs);
    await writeTinyTokenizer(join(folder, 'inputs', 'tokenizer'), texts, 300);
    const rows = texts.map((answer, index) => ({ question: `${index} ${answer.slice(0, 30)}`, answer }));
    const lines = [...rows, { question: 'what?', answer: '' }].map((row) => `${JSON.stringify(row)}\n`);
    await writeFile(join(folder, 'inputs', 'pairs.jsonl'), lines.join(''));
    return new TinyProject(folder);
  }

  /** A spec of two short epochs with many checkpoints. */
  spec(training: FineTuneSpecInput['training'] = {}, dataset: object = {}): FineTuneSpecInput {
    return {
      model: {
        random: {
          tokenizer: join(this.folder, 'inputs', 'tokenizer'),
          hiddenSize: 32,
          numHiddenLayers: 2,
          numAttentionHeads: 2,
          intermediateSize: 64,
          maxPositionEmbeddings: 64,
        },
      },
      dataset: { source: join(this.folder, 'inputs', 'pairs.jsonl'), ...dataset },
      training: { epochs: 2, batchSize: 4, learningRate: 1e-3, checkpointEverySeconds: 0.05, ...training },
      output: { name: 'tiny', directory: join(this.folder, 'out') },
    };
  }

  /** Starts a run on a store in the folder, with Workers of its own around the use. */
  async withRun<T>(
    place: RunPlace,
    input: FineTuneSpecInput,
    { store, Pool = TrainerPool }: { store: string; Pool?: typeof TrainerPool },
    use: (handle: WorkflowHandleWithFirstExecutionRunId) => Promise<T>,
  ): Promise<T> {
    const taskQueue = `finetune-${randomUUID()}`;
    return this.withWorkers(place, { store, Pool, taskQueue }, async () =>
      use(
        await place.environment.client.workflow.start('fineTune', {
          taskQueue,
          workflowId: randomUUID(),
          args: [input],
        }),
      ),
    );
  }

  /** Runs Workers on a store in the folder around the use; they are shut down at its end. */
  async withWorkers<T>(
    { environment, workflowBundle }: RunPlace,
    {
      store,
      Pool = TrainerPool,
      taskQueue,
      shutdownGraceTime = 0,
    }: { store: string; Pool?: typeof TrainerPool; taskQueue: string; shutdownGraceTime?: number },
    use: () => Promise<T>,
  ): Promise<T> {
    const trainingTaskQueue = `${taskQueue}-training`;
    const settings: WorkerSettings = {
      store: join(this.folder, store),
      dataFolders: [this.folder],
      trainingTaskQueue,
      trainerPath: fileURLToPath(new URL('../../dist/src/trainer/child.js', import.meta.url)),
      threads: 1,
    };
    const trainers = new Pool(settings);
    const activities = createActivities(settings, trainers);
    const { nativeConnection: connection } = environment;
    const common = { connection, activities, shutdownGraceTime, maxHeartbeatThrottleInterval: '100ms' } as const;
    const main = await Worker.create({ ...common, taskQueue, workflowBundle });
    const training = await Worker.create({
      ...{ ...common, taskQueue: trainingTaskQueue },
      maxConcurrentActivityTaskExecutions: 1,
    });
    try {
      return await main.runUntil(training.runUntil(use));
    } finally {
      await trainers.close();
    }
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
