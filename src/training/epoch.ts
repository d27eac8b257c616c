// The epoch loop: finds the newest checkpoint of the lineage and trains on to the end of the asked epoch. It saves now and then, at the
// epoch's end and when it is asked to stop, and yields between steps so that messages are heard. Where it begins decides nothing about
// what it makes: batches, masks, rate and bias corrections follow from the step number.
import { setImmediate } from 'node:timers/promises';
import type { StageContext } from '../artifacts/stage-context.js';
import { readArtifact } from '../artifacts/artifact.js';
import { FinalError } from '../errors.js';
import type { Claimant, TrainEpochInput, TrainEpochResult } from '../spec/stages.js';
import { readTokens } from '../text/tokenize.js';
import { batchOf, pairsOf, planBatches } from './batches.js';
import {
  demandCheckpoint,
  listCheckpoints,
  newestCheckpoint,
  readState,
  type CheckpointManifest,
} from './checkpoint.js';
import { claimLineage, type LineageClaim } from './claim.js';
import { getHistory, lossPoints, meanLoss } from './loss-history.js';
import { describeMachine, type Machine } from './numerics.js';
import type { AdamW } from './optimizer.js';
import { releaseOldTensors } from './retention.js';
import { SpeedMeter } from './speed-meter.js';
import { scheduleOf } from './segment.js';
import { TrainingRun } from './training-run.js';
import type { TrainingPlan } from './plan.js';
import { engineTraining, type EngineCache, type WarmEngine } from './warm-engine.js';

/** What the loop needs beside its input. */
export interface TrainEpochContext extends StageContext {
  engines: EngineCache;
  /** This machine; given by tests. */
  machine?: Machine;
  /** A checkpoint may take one part in so many of the time; default 50. */
  checkpointCostFactor?: number;
  /** The attempt that this is, for its claim on the lineage; without one nobody is waited for and nobody stops this. */
  claimant?: Claimant | undefined;
  /** Called before each checkpoint: the Worker asks the server meanwhile whether this attempt still counts. */
  onCheckpoint?: () => void;
  /** Milliseconds between two looks while another run trains the same; default 1000. */
  claimPollMs?: number;
}

/** Where training goes, in steps over the whole run. */
interface Course {
  plan: TrainingPlan;
  /** End of the asked epoch, the step to stop at, and the ends of all epochs. */
  endStep: number;
  lastStep: number;
  epochEnds: ReadonlySet<number>;
}

/**
 * Trains to the end of `input.epoch`, or until the signal asks to stop: then it saves and returns `finished: false`. An epoch that is
 * done already returns at once; while another run trains the same, its checkpoints are waited for.
 *
 * @throws FinalError `NonFiniteLoss` when loss or gradient is not finite; what was saved before stays. RetryableError `StaleAttempt` when
 * a newer attempt trains this lineage, `OtherMachine` when `training.sameNumerics` asks for a machine of another kind.
 */
export async function trainEpoch(input: TrainEpochInput, context: TrainEpochContext): Promise<TrainEpochResult> {
  const { store, claimant } = context;
  const { lineage, epoch, untilStep = Infinity } = input;
  const { facts: plan } = await readArtifact<TrainingPlan>(store, input.plan);
  const endOf = (ofEpoch: number): number =>
    plan.stepsPerEpoch.slice(0, ofEpoch).reduce((sum, steps) => sum + steps, 0);
  const epochEnds = new Set(plan.stepsPerEpoch.map((_, index) => endOf(index + 1)));
  const endStep = endOf(epoch);
  if (plan.lineage !== lineage || plan.stepsPerEpoch.length < epoch) {
    throw new FinalError(
      'InvalidSpec',
      `trainEpoch: the plan has ${plan.stepsPerEpoch.length} epochs of ${plan.lineage}, asked for ${epoch} of ${lineage}`,
    );
  }
  const lastStep = Math.min(endStep, untilStep);
  const course: Course = { plan, endStep, lastStep, epochEnds };
  const findEnd = async (): Promise<TrainEpochResult | undefined> => {
    const newest = await newestCheckpoint(store, lineage, { atMost: lastStep });
    if (newest?.step !== lastStep) return undefined;
    return doneAlready(newest, { plan, epoch, store, finished: lastStep === endStep });
  };
  const done = await findEnd();
  if (done || !claimant) return done ?? trainOn(input, course, context);
  const claim = await claimLineage({
    ...context,
    lineage,
    claimant,
    pollMs: context.claimPollMs,
    onWait: async ({ body }) => reportWait(input, course, context, String(body.workflow)),
  });
  try {
    // Another run may have gone on while this one waited.
    return (await findEnd()) ?? (await trainOn(input, course, context, claim));
  } finally {
    await claim?.release();
  }
}

/** Shows how far the run is that is waited for; true when it has made what this one needs. */
async function reportWait(
  { lineage, epoch, training }: TrainEpochInput,
  { plan, lastStep }: Course,
  context: TrainEpochContext,
  holder: string,
): Promise<boolean> {
  const { store } = context;
  const steps = (await listCheckpoints(store, lineage)).map(({ step }) => step).filter((step) => step <= lastStep);
  const note = `${holder} trains the same: waiting for its checkpoints`;
  const done = Math.max(0, ...steps);
  context.progress({
    stage: 'train',
    done,
    total: plan.totalSteps,
    unit: 'steps',
    epoch,
    epochs: training.epochs,
    note,
  });
  return steps.includes(lastStep) && (await newestCheckpoint(store, lineage, { atMost: lastStep }))?.step === lastStep;
}

/** Trains from the newest checkpoint to the asked step. */
async function trainOn(
  input: TrainEpochInput,
  { plan, endStep, lastStep, epochEnds }: Course,
  context: TrainEpochContext,
  claim?: LineageClaim,
): Promise<TrainEpochResult> {
  const { store, signal, engines, machine = describeMachine(), checkpointCostFactor = 50 } = context;
  const { lineage, training, epoch } = input;
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
    context.warn(message);
  };
  const newest = (await newestCheckpoint(store, lineage, { atMost: lastStep })) ?? (await parentOf(plan, store));
  const warm = await engines.acquire(
    store,
    { model: input.model, training: engineTraining(training, plan) },
    { fresh: newest === undefined },
  );
  const run = new TrainingRun({
    store,
    lineage,
    warm: trainable(warm),
    schedule: scheduleOf(plan, training),
    maxGradientNorm: training.maxGradientNorm,
    machine,
    sameNumerics: training.sameNumerics,
    warn,
  });
  if (newest) await run.restore(newest);
  const tokens = await readTokens(store, input.tokens, 'train');
  const pairs = pairsOf(tokens);
  const speed = new SpeedMeter();
  let began = performance.now();
  let savedAt = began;
  let checkpointCost = 0;
  const save = async (): Promise<void> => {
    const start = performance.now();
    context.onCheckpoint?.();
    await claim?.demand();
    if (!(await run.save((start - began) / 1000))) began = start;
    await releaseOldTensors(store, lineage, epochEnds);
    savedAt = performance.now();
    checkpointCost = savedAt - start;
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
    const chosen = batches[run.stepInEpoch];
    if (!chosen) throw new Error(`trainEpoch: epoch ${run.epoch} has ${batches.length} batches, the plan says more`);
    const isLast = run.stepInEpoch === batches.length - 1;
    const { loss, learningRate } = await run.advance(batchOf(chosen, pairs, tokens, plan.microBatchSize), {
      last: isLast,
    });
    speed.add(chosen.length);
    context.progress({
      stage: 'train',
      done: run.step,
      total: plan.totalSteps,
      unit: 'steps',
      epoch: run.epoch,
      epochs: training.epochs,
      loss,
      learningRate,
      pairsPerSecond: speed.itemsPerSecond,
      etaSeconds: (plan.totalSteps - run.step) * speed.secondsPerStep,
    });
    const interval = Math.max(training.checkpointEverySeconds * 1000, checkpointCostFactor * checkpointCost);
    if (!isLast && performance.now() - savedAt >= interval) await save();
    await claim?.keep();
    await setImmediate();
  }
  if (!run.saved) await save();
  return {
    checkpoint: { lineage, step: run.step },
    epoch,
    finished: run.step === endStep,
    meanLoss: meanLoss(run.history),
    losses: lossPoints(run.history),
    seconds: run.epochSeconds + (performance.now() - began) / 1000,
    pairs: Math.round(((plan.pairsPerEpoch[epoch - 1] ?? 0) * run.stepInEpoch) / (plan.stepsPerEpoch[epoch - 1] ?? 1)),
    peakMemoryMb: peakMemoryMb(),
    bitIdentical: run.bitIdentical,
    warnings,
  };
}

/** The result of an epoch that an earlier attempt or another run has trained. */
async function doneAlready(
  manifest: CheckpointManifest,
  {
    plan,
    epoch,
    store,
    finished,
  }: { plan: TrainingPlan; epoch: number; store: StageContext['store']; finished: boolean },
): Promise<TrainEpochResult> {
  const { history } = await readState(store, manifest);
  const ofEpoch = history[String(epoch)];
  const steps = ofEpoch ? await getHistory(store, ofEpoch) : { steps: [] };
  return {
    checkpoint: { lineage: manifest.lineage, step: manifest.step },
    epoch,
    finished,
    meanLoss: meanLoss(steps),
    losses: lossPoints(steps),
    seconds: manifest.about.epochSeconds,
    pairs: plan.pairsPerEpoch[epoch - 1] ?? 0,
    peakMemoryMb: peakMemoryMb(),
    bitIdentical: manifest.about.bitIdentical,
    warnings: manifest.about.difference === undefined ? [] : [manifest.about.difference],
  };
}

/** A segment's first checkpoint is one of the segment before, which has to be there whole. */
async function parentOf(
  { parent }: TrainingPlan,
  store: StageContext['store'],
): Promise<CheckpointManifest | undefined> {
  return parent && demandCheckpoint(store, parent);
}

function trainable(warm: WarmEngine): WarmEngine & { optimizer: AdamW } {
  const { optimizer } = warm;
  if (!optimizer) throw new Error('trainEpoch: the engine was made for embedding only');
  return warm as WarmEngine & { optimizer: AdamW };
}

/** The most memory that this process has had, in MiB. */
export function peakMemoryMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
