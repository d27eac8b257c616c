// A change of a running training is a new segment: it begins at a checkpoint of the old one, under settings of its own and so under a
// lineage of its own. Steps, epochs, batches and bias corrections count on; the schedule is the one that its own settings give, but the
// warm-up keeps the length that was planned, so that a longer training does not warm up twice (docs/steering.md).
import { readArtifact, remember } from '../artifacts/artifact.js';
import { PLAN_KIND } from '../artifacts/run-root.js';
import type { StageContext } from '../artifacts/stage-context.js';
import { FinalError } from '../errors.js';
import type { CheckpointRef } from '../spec/stages.js';
import type { OpenSegmentInput, OpenSegmentResult } from '../spec/training-stages.js';
import type { TrainingSpec } from '../spec/spec.js';
import { readTokens, tokenBlobs, type TokensFacts } from '../text/tokenize.js';
import { pairsOf } from './batches.js';
import { newestCheckpoint } from './checkpoint.js';
import { lineageOf } from './lineage.js';
import { countBatches, lengthsOf } from './batch-counts.js';
import type { TrainingPlan } from './plan.js';
import { linearSchedule, type Schedule } from './schedule.js';

const VERSION = 1;

/** The schedule of a plan: that of the settings, with the warm-up that was planned at first. */
export function scheduleOf({ totalSteps, warmupSteps }: TrainingPlan, training: TrainingSpec): Schedule {
  const { learningRate } = training;
  return warmupSteps === undefined
    ? linearSchedule({ ...training, totalSteps })
    : { learningRate, warmupSteps, totalSteps };
}

/**
 * Plans a segment that goes on with `input.training` from a checkpoint, or from the base model.
 *
 * @throws FinalError `InvalidSpec` when fewer epochs are asked for than the checkpoint has done.
 */
export async function openSegment(input: OpenSegmentInput, context: StageContext): Promise<OpenSegmentResult> {
  const { store } = context;
  const before = await readArtifact<TrainingPlan>(store, input.plan);
  const parent = await parentOf(input, before.facts, store);
  const { training } = input;
  const microBatchSize = Math.min(input.microBatchSize ?? before.facts.microBatchSize, training.batchSize);
  const tokens = await readArtifact<TokensFacts>(store, input.tokens);
  const start = parent ? { parent } : { base: (await readArtifact(store, input.model)).blobs };
  const lineage = lineageOf({ start, data: tokenBlobs(tokens, 'train'), microBatchSize, training });
  const { key, kind, facts } = await remember<TrainingPlan>({
    store,
    kind: PLAN_KIND,
    version: VERSION,
    inputs: { before: input.plan.key, parent: parent ?? null, lineage, epochs: training.epochs, microBatchSize },
    make: async () => {
      const counted = await counts(input, before.facts, context);
      const totalSteps = counted.stepsPerEpoch.reduce((sum, steps) => sum + steps, 0);
      if (parent && parent.step > totalSteps) {
        throw new FinalError(
          'InvalidSpec',
          `training.epochs: ${training.epochs} epochs have ${totalSteps} steps, and ${parent.step} are done. Give more epochs.`,
        );
      }
      const { warmupSteps } = parent
        ? scheduleOf(before.facts, { ...training, epochs: before.facts.stepsPerEpoch.length })
        : linearSchedule({ ...training, totalSteps });
      return {
        blobs: {},
        facts: {
          ...before.facts,
          ...counted,
          ...{ lineage, totalSteps, microBatchSize, warmupSteps },
          ...(parent ? { parent } : { parent: undefined }),
        },
      };
    },
  });
  return {
    plan: { kind, key },
    lineage,
    ...(parent && { parent }),
    totalSteps: facts.totalSteps,
    microBatchSize: facts.microBatchSize,
  };
}

async function parentOf(
  { from }: OpenSegmentInput,
  { lineage, parent, stepsPerEpoch }: TrainingPlan,
  store: StageContext['store'],
): Promise<CheckpointRef | undefined> {
  if ('base' in from) return undefined;
  if ('checkpoint' in from) return from.checkpoint;
  const atMost = stepsPerEpoch.slice(0, from.epoch).reduce((sum, steps) => sum + steps, 0);
  const newest = await newestCheckpoint(store, lineage, { atMost });
  return newest ? { lineage: newest.lineage, step: newest.step } : parent;
}

async function counts(
  { tokens, training }: OpenSegmentInput,
  plan: TrainingPlan,
  context: StageContext,
): Promise<Pick<TrainingPlan, 'stepsPerEpoch' | 'pairsPerEpoch' | 'tokens'>> {
  if (plan.stepsPerEpoch.length === training.epochs) return plan;
  const part = await readTokens(context.store, tokens, 'train');
  const pairs = pairsOf(part);
  const {
    stepsPerEpoch,
    pairsPerEpoch,
    tokens: total,
    largestBatch,
  } = await countBatches({ pairs, pairTokens: lengthsOf(part, pairs), training }, context);
  return { stepsPerEpoch, pairsPerEpoch, tokens: { ...plan.tokens, total, largestBatch } };
}
