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

  /** Makes one with 80 pairs of real text. */
  static async create(): Promise<TinyProject> {
    const folder = await mkdtemp(join(tmpdir(), 'fine-tune-'));
    const texts = await realTexts(80);
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
    { environment, workflowBundle }: RunPlace,
    input: FineTuneSpecInput,
    { store, Pool = TrainerPool }: { store: string; Pool?: typeof TrainerPool },
    use: (handle: WorkflowHandleWithFirstExecutionRunId) => Promise<T>,
  ): Promise<T> {
    const taskQueue = `finetune-${randomUUID()}`;
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
    const { nativeConnection: connection, client } = environment;
    const throttle = { maxHeartbeatThrottleInterval: '100ms' } as const;
    const main = await Worker.create({ connection, taskQueue, activities, workflowBundle, ...throttle });
    const training = await Worker.create({
      ...{ connection, taskQueue: trainingTaskQueue, activities, ...throttle },
      maxConcurrentActivityTaskExecutions: 1,
    });
    try {
      return await main.runUntil(
        training.runUntil(async () =>
          use(await client.workflow.start('fineTune', { taskQueue, workflowId: randomUUID(), args: [input] })),
        ),
      );
    } finally {
      await trainers.close();
    }
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
