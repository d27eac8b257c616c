// The training loop: goes on from the newest checkpoint of the lineage to where its course ends. It saves now and then, at the epoch's end
// and when it is asked to stop, and yields between steps so that messages are heard. Where it begins decides nothing about what it makes:
// batches, masks, rate and bias corrections follow from the step number. So tensors that were removed are made again by the same loop.
import { setImmediate } from 'node:timers/promises';
import { readArtifact } from '../artifacts/artifact.js';
import { stableJson } from '../artifacts/hash.js';
import type { StageContext } from '../artifacts/stage-context.js';
import { DamagedError } from '../artifacts/store.js';
import type { CheckpointRef, StageProgress } from '../spec/stages.js';
import type { Claimant, TrainEpochInput } from '../spec/training-stages.js';
import { readTokens } from '../text/tokenize.js';
import { batchOf, pairsOf, planBatches } from './batches.js';
import { findCheckpoint, newestCheckpoint, readManifest, readState, type CheckpointManifest } from './checkpoint.js';
import type { LineageClaim } from './claim.js';
import { courseOf, type Course } from './course.js';
import { longestStepMs } from './estimate.js';
import type { Machine } from './numerics.js';
import type { AdamW } from './optimizer.js';
import type { TrainingPlan } from './plan.js';
import { releaseOldTensors } from './retention.js';
import { trainingOf } from './run-root.js';
import { scheduleOf } from './segment.js';
import { SpeedMeter } from './speed-meter.js';
import { TrainingRun } from './training-run.js';
import { engineTraining, type EngineCache, type WarmEngine } from './warm-engine.js';

/** What the loop needs beside its input. */
export interface TrainEpochContext extends StageContext {
  engines: EngineCache;
  /** This machine. */
  machine: Machine;
  /** Checkpoints, the one at the end included, may take one part in so many of the time; default 50. */
  checkpointCostFactor?: number;
  /** The attempt that this is, for its claim on the lineage; without one nobody is waited for and nobody stops this. */
  claimant?: Claimant | undefined;
  /** Called before each checkpoint: the Worker asks the server meanwhile whether this attempt still counts. */
  onCheckpoint?: () => void;
  /** Milliseconds between two looks while another run trains the same; default 1000. */
  claimPollMs?: number;
}

/** Where the loop ended. */
export interface LoopEnd {
  run: TrainingRun;
  /** Seconds of the present epoch, of all attempts. */
  epochSeconds: number;
  warnings: string[];
}

/**
 * Trains from the newest checkpoint to the end of the course, or until the signal asks to stop.
 *
 * @throws FinalError `NonFiniteLoss`; RetryableError `StaleAttempt`, `OtherMachine`; DamagedError when the checkpoint that a segment goes
 * on from cannot be had.
 */
export async function trainOn(
  input: TrainEpochInput,
  course: Course,
  context: TrainEpochContext,
  claim?: LineageClaim,
): Promise<LoopEnd> {
  const { store, signal, checkpointCostFactor = 50 } = context;
  const { lineage, training, chosen } = input;
  const { plan, epoch, lastStep, epochEnds } = course;
  const warnings: string[] = [];
  const run = await standAtNewest(input, course, context, (message) => {
    warnings.push(message);
    context.warn(message);
  });
  const tokens = await readTokens(store, input.tokens, 'train');
  const pairs = pairsOf(tokens);
  const speed = new SpeedMeter();
  const startedAt = performance.now();
  let began = startedAt;
  let savedAt = startedAt;
  let checkpointCost = 0;
  let spentOnCheckpoints = 0;
  const save = async (): Promise<void> => {
    const start = performance.now();
    context.onCheckpoint?.();
    await claim?.demand();
    if (!(await run.save((start - began) / 1000))) began = start;
    await releaseOldTensors(store, lineage, { saved: run.step, epochEnds, chosen });
    savedAt = performance.now();
    checkpointCost = savedAt - start;
    spentOnCheckpoints += checkpointCost;
  };
  const isDue = (): boolean => {
    const now = performance.now();
    if (now - savedAt < training.checkpointEverySeconds * 1000) return false;
    // With this one and the one at the end the share is still kept.
    return now - startedAt >= checkpointCostFactor * (spentOnCheckpoints + 2 * checkpointCost);
  };

  // Of the last step; told again between the micro-batches of the next, so that whoever keeps one report alone has them.
  let figures: Pick<StageProgress, 'loss' | 'learningRate' | 'pairsPerSecond' | 'etaSeconds'> = {};
  const report = (): void =>
    context.progress({
      ...{ stage: 'train', done: run.step, total: plan.totalSteps, unit: 'steps' },
      ...{ epoch: run.epoch, epochs: training.epochs, ...figures },
    });
  const onMicroBatch = async (): Promise<void> => {
    report();
    await claim?.keep();
    await setImmediate();
  };
  let batches: Int32Array[] | undefined;
  for (;;) {
    if (run.stepInEpoch === plan.stepsPerEpoch[run.epoch - 1]) {
      if (run.epoch === epoch) break;
      await run.beginNextEpoch();
      began = performance.now();
      batches = undefined;
    }
    if (signal.aborted || run.step >= lastStep) break;
    const { batchSize, batchSampler: sampler, seed } = training;
    batches ??= planBatches({ pairs, batchSize, sampler, seed, epoch: run.epoch });
    const batch = batches[run.stepInEpoch];
    if (!batch) throw new Error(`trainEpoch: epoch ${run.epoch} has ${batches.length} batches, the plan says more`);
    const isLast = run.stepInEpoch === batches.length - 1;
    const { loss, learningRate } = await run.advance(
      { ...batchOf(batch, pairs, tokens, plan), onMicroBatch },
      { last: isLast },
    );
    speed.add(batch.length);
    figures = {
      loss,
      learningRate,
      pairsPerSecond: speed.itemsPerSecond,
      etaSeconds: (plan.totalSteps - run.step) * speed.secondsPerStep,
    };
    report();
    if (!isLast && isDue()) await save();
    await claim?.keep();
    await setImmediate();
  }
  if (!run.saved) await save();
  return { run, epochSeconds: run.epochSeconds + (performance.now() - began) / 1000, warnings };
}

/**
 * Makes the tensors of a checkpoint again where retention has removed them, from the newest ancestor that has them.
 *
 * @throws DamagedError when there is no such checkpoint, or what it was made from is gone.
 */
export async function withTensors(ref: CheckpointRef, context: TrainEpochContext): Promise<CheckpointManifest> {
  const { store, signal } = context;
  const whole = await findCheckpoint(store, ref);
  if (whole) return whole;
  const name = `checkpoint ${ref.lineage} ${ref.step}`;
  const before = await readManifest(store, ref);
  const made = before && (await trainingOf(store, ref.lineage));
  if (!made) throw new DamagedError(name, 'it is missing, was set aside, or nothing tells any more how it was made');
  const { facts: plan } = await readArtifact<TrainingPlan>(store, made.plan);
  // Its state, which stays, knows the epoch: a step between two of them may belong to either.
  const { epoch } = await readState(store, before);
  const input = { ...made, storeId: store.id, lineage: ref.lineage, epoch, chosen: ref };
  await trainOn(input, courseOf(plan, { epoch, untilStep: ref.step }), context);
  signal.throwIfAborted();
  const again = await findCheckpoint(store, ref);
  if (!again) throw new DamagedError(name, 'it could not be made again');
  if (stableJson(again.content) !== stableJson(before.content)) {
    context.warn(
      `Step ${ref.step} was made again with other bytes than the first time, because its tensors had been removed ` +
        'and this is another kind of machine.',
    );
  }
  return again;
}

/** A run put back to the newest checkpoint of its lineage, to the one that its segment goes on from, or to the base model. */
async function standAtNewest(
  { model, lineage, training }: TrainEpochInput,
  { plan, lastStep }: Course,
  context: TrainEpochContext,
  warn: (message: string) => void,
): Promise<TrainingRun> {
  const { store, engines, machine } = context;
  const newest =
    (await newestCheckpoint(store, lineage, { atMost: lastStep })) ??
    (plan.parent && (await withTensors(plan.parent, context)));
  const warm = await engines.acquire(
    store,
    { model, training: engineTraining(training, plan) },
    { fresh: newest === undefined },
  );
  context.expectSilence?.(longestStepMs({ ...plan, parameters: warm.engine.parameters }));
  const { maxGradientNorm, sameNumerics } = training;
  const schedule = scheduleOf(plan, training);
  const options = { store, lineage, warm: trainable(warm), schedule, maxGradientNorm, machine, sameNumerics, warn };
  const run = new TrainingRun(options);
  if (newest) await run.restore(newest);
  return run;
}

function trainable(warm: WarmEngine): WarmEngine & { optimizer: AdamW } {
  const { optimizer } = warm;
  if (!optimizer) throw new Error('trainEpoch: the engine was made for embedding only');
  return warm as WarmEngine & { optimizer: AdamW };
}
