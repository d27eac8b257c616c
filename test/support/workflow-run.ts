// Runs the built workflow on a test server with stub activities, in Workers that end with the use.
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError, type ApplicationFailure, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { FineTuneResult } from '../../src/spec/publishing-stages.js';
import type { TrainEpochInput, TrainEpochResult } from '../../src/spec/training-stages.js';
import { stubActivities, type StubOptions } from './stub-activities.js';

/** A small spec. */
export const STUB_SPEC = { model: 'org/model', dataset: { source: 'pairs.jsonl' }, training: { epochs: 3 } };

/** A run on stub activities. */
export interface StubRun {
  handle: WorkflowHandle;
  ids: string[];
  queues: Map<string, string>;
}

/** Runs Workers with the stubs around a use of the workflow. */
export async function withStubRun<T>(
  {
    environment,
    workflowBundle,
  }: { environment: TestWorkflowEnvironment; workflowBundle: WorkflowBundleWithSourceMap },
  input: unknown,
  {
    maxCachedWorkflows = 0,
    workflowType = 'fineTune',
    ...options
  }: Partial<StubOptions> & { maxCachedWorkflows?: number; workflowType?: string },
  use: (run: StubRun) => Promise<T>,
): Promise<T> {
  const taskQueue = `finetune-${randomUUID()}`;
  const trainingTaskQueue = `${taskQueue}-training`;
  const { activities, ids, queues } = stubActivities({ trainingTaskQueue, ...options });
  const { nativeConnection: connection, client } = environment;
  const throttle = { maxHeartbeatThrottleInterval: '100ms' } as const;
  // No cached workflows: every task replays the whole history, which shakes out non-determinism.
  const main = await Worker.create({
    ...{ connection, taskQueue, activities, workflowBundle, maxCachedWorkflows },
    ...throttle,
  });
  const trainer = await Worker.create({ connection, taskQueue: trainingTaskQueue, activities, ...throttle });
  return main.runUntil(
    trainer.runUntil(async () => {
      const handle = await client.workflow.start(workflowType, {
        taskQueue,
        workflowId: randomUUID(),
        args: input === undefined ? [] : [input],
      });
      return use({ handle, ids, queues });
    }),
  );
}

/** The result of a run. */
export const resultOf = (handle: WorkflowHandle): Promise<FineTuneResult> => handle.result() as Promise<FineTuneResult>;

/** The failure of a run that has to fail. */
export async function failureOf(handle: WorkflowHandle): Promise<ApplicationFailure> {
  const error: unknown = await handle.result().then(
    () => new Error('the run should have failed'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowFailedError)) throw error as Error;
  return error.cause as ApplicationFailure;
}

/** A training whose steps are made by the test: eight an epoch. */
export class SteppedTraining {
  /** The inputs that `trainEpoch` was called with. */
  readonly inputs: TrainEpochInput[] = [];
  private steps = new Map<string, number>();
  private readonly waiting: (() => void)[] = [];
  private allowed: number;
  private interruptions = 0;

  /** @param allowed steps that may be made before the training waits for {@link allow}. */
  constructor(allowed = 0) {
    this.allowed = allowed;
  }

  /** Lets training go on up to so many steps of the whole run. */
  allow(steps: number): void {
    this.allowed = steps;
    this.waiting.splice(0).forEach((wake) => wake());
  }

  /** Waits until training stands at the steps that were allowed. */
  async reached(steps: number): Promise<void> {
    while (Math.max(0, ...this.steps.values()) < steps) await new Promise((wake) => setTimeout(wake, 10));
  }

  /** Waits until so many calls were interrupted, which is heard of some time after it was asked for. */
  async interrupted(times = 1): Promise<void> {
    while (this.interruptions < times) await new Promise((wake) => setTimeout(wake, 10));
  }

  /** In the place of the stub's `trainEpoch`; a segment's lineage goes on from its parent's step. */
  replace: NonNullable<StubOptions['replace']> = (stubs) => ({
    openSegment: async (input) => {
      const opened = await stubs.openSegment(input);
      const parent =
        'checkpoint' in input.from
          ? input.from.checkpoint
          : 'epoch' in input.from
            ? { lineage: 'newest', step: Math.max(0, ...this.steps.values()) }
            : undefined;
      this.steps.set(opened.lineage, parent?.step ?? 0);
      return { ...opened, ...(parent && { parent }) };
    },
    trainEpoch: async (input) => {
      this.inputs.push(input);
      const activity = Context.current();
      const end = Math.min(8 * input.epoch, input.untilStep ?? Infinity);
      const beat = setInterval(() => activity.heartbeat({ stage: 'train' }), 20);
      try {
        for (;;) {
          const step = this.steps.get(input.lineage) ?? 0;
          if (step >= end || activity.cancellationSignal.aborted) break;
          if (step < this.allowed) {
            this.steps.set(input.lineage, step + 1);
            continue;
          }
          await Promise.race([
            new Promise<void>((wake) => this.waiting.push(wake)),
            activity.cancelled.catch(() => undefined),
          ]);
        }
      } finally {
        clearInterval(beat);
      }
      const step = Math.min(end, this.steps.get(input.lineage) ?? 0);
      if (activity.cancellationSignal.aborted) this.interruptions++;
      const result: TrainEpochResult = await stubs.trainEpoch({ ...input, untilStep: step });
      return { ...result, finished: step >= 8 * input.epoch, checkpoint: { lineage: input.lineage, step } };
    },
  });
}
