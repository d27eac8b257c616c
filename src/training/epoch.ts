// One epoch of training, as a stage: returns at once when a checkpoint says that it is done, waits while another run trains the same, and
// trains on otherwise (training-loop.ts).
import { readArtifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import { FinalError } from '../errors.js';
import type { TrainEpochInput, TrainEpochResult } from '../spec/training-stages.js';
import { findRecorded, listCheckpoints, newestCheckpoint, readState, type CheckpointManifest } from './checkpoint.js';
import { claimLineage, type LineageClaim } from './claim.js';
import { courseOf, type Course } from './course.js';
import { getHistory, lossPoints, meanLoss } from './loss-history.js';
import type { TrainingPlan } from './plan.js';
import { trainOn, type TrainEpochContext } from './training-loop.js';

export type { TrainEpochContext } from './training-loop.js';

/**
 * Trains to the end of `input.epoch`, or until the signal asks to stop: then it saves and returns `finished: false`. An epoch that is
 * done already returns at once, also when its tensors were removed; while another run trains the same, its checkpoints are waited for.
 *
 * @throws FinalError `NonFiniteLoss` when loss or gradient is not finite; what was saved before stays. RetryableError `StaleAttempt` when
 * a newer attempt trains this lineage, `OtherMachine` when `training.sameNumerics` asks for a machine of another kind.
 */
export async function trainEpoch(input: TrainEpochInput, context: TrainEpochContext): Promise<TrainEpochResult> {
  const { store, claimant } = context;
  const { lineage, epoch } = input;
  const { facts: plan } = await readArtifact<TrainingPlan>(store, input.plan);
  if (plan.lineage !== lineage || plan.stepsPerEpoch.length < epoch) {
    throw new FinalError(
      'InvalidSpec',
      `trainEpoch: the plan has ${plan.stepsPerEpoch.length} epochs of ${plan.lineage}, asked for ${epoch} of ${lineage}`,
    );
  }
  const course = courseOf(plan, input);
  const findEnd = async (): Promise<TrainEpochResult | undefined> => {
    const end = await findRecorded(store, { lineage, step: course.lastStep });
    return end && doneAlready(end, course, store);
  };
  const done = await findEnd();
  if (done || !claimant) return done ?? train(input, course, context);
  const claim = await claimLineage({
    ...context,
    lineage,
    claimant,
    pollMs: context.claimPollMs,
    onWait: async ({ body }) => reportWait(input, course, context, String(body.workflow)),
  });
  try {
    // Another run may have gone on while this one waited.
    return (await findEnd()) ?? (await train(input, course, context, claim));
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

async function train(
  input: TrainEpochInput,
  course: Course,
  context: TrainEpochContext,
  claim?: LineageClaim,
): Promise<TrainEpochResult> {
  const { endStep } = course;
  const { lineage, epoch } = input;
  const { run, epochSeconds, warnings } = await trainOn(input, course, context, claim);
  return {
    checkpoint: { lineage, step: run.step },
    epoch,
    finished: run.step === endStep,
    meanLoss: meanLoss(run.history),
    losses: lossPoints(run.history),
    seconds: epochSeconds,
    pairs: pairsUntil(run.step, course),
    peakMemoryMb: peakMemoryMb(),
    bitIdentical: run.bitIdentical,
    warnings,
  };
}

/** The result of an epoch that an earlier attempt or another run has trained. */
async function doneAlready(
  manifest: CheckpointManifest,
  course: Course,
  store: StageContext['store'],
): Promise<TrainEpochResult> {
  const { epoch, lastStep, endStep } = course;
  const { history } = await readState(store, manifest);
  const ofEpoch = history[String(epoch)];
  const steps = ofEpoch ? await getHistory(store, ofEpoch) : { steps: [] };
  return {
    checkpoint: { lineage: manifest.lineage, step: manifest.step },
    epoch,
    finished: lastStep === endStep,
    meanLoss: meanLoss(steps),
    losses: lossPoints(steps),
    seconds: manifest.about.epochSeconds,
    pairs: pairsUntil(manifest.step, course),
    peakMemoryMb: peakMemoryMb(),
    bitIdentical: manifest.about.bitIdentical,
    warnings: manifest.about.difference === undefined ? [] : [manifest.about.difference],
  };
}

/** Pairs of the course's epoch up to a step: all at its end, their share of its steps before. */
function pairsUntil(step: number, { plan, epoch, endStep }: Course): number {
  const steps = plan.stepsPerEpoch[epoch - 1] ?? 1;
  const made = Math.max(0, steps - (endStep - step));
  return Math.round(((plan.pairsPerEpoch[epoch - 1] ?? 0) * made) / steps);
}

/** The most memory that this process has had, in MiB. */
function peakMemoryMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
