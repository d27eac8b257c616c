// The segments of a training: each goes on from a checkpoint of the one before under other settings (rate, epochs, micro-batch). The list
// of changes is kept with the run, so that a run which has to make damaged results again changes at the same steps as the first time.
import type { ArtifactRef } from '../src/spec/stages.js';
import type { OpenSegmentInput, TrainEpochInput } from '../src/spec/training-stages.js';
import type { TrainingSpec } from '../src/spec/spec.js';
import type { Prepared } from './prepare.js';
import { addWarnings, type RunChange } from './progress.js';
import type { Run } from './run.js';

/** A stretch of training under one set of settings. */
export interface Segment {
  plan: ArtifactRef;
  lineage: string;
  training: TrainingSpec;
  microBatchSize: number;
}

/** What may differ from the segment before. */
export type SegmentChange = Pick<RunChange, 'learningRate' | 'epochs' | 'microBatchSize'>;

/** The segment that training begins with. */
export function firstSegment({ plan }: Prepared, training: TrainingSpec): Segment {
  return { plan: plan.plan, lineage: plan.lineage, training, microBatchSize: plan.microBatchSize };
}

/** What an epoch's activity needs to train in a segment. */
export function epochInput(
  { pins, model, plan }: Prepared,
  segment: Segment,
  epoch: number,
): Omit<TrainEpochInput, 'untilStep'> {
  return {
    ...{ storeId: pins.storeId, model, tokens: plan.tokens, epoch },
    ...{ plan: segment.plan, lineage: segment.lineage, training: segment.training },
  };
}

/** Opens the next segment and notes the change. */
export async function openSegment(
  run: Run,
  { pins, model, plan }: Prepared,
  before: Segment,
  { epoch, from, change }: { epoch: number; from: OpenSegmentInput['from']; change: SegmentChange },
): Promise<Segment> {
  const { learningRate = before.training.learningRate, epochs = before.training.epochs } = change;
  const training = { ...before.training, learningRate, epochs };
  const input: OpenSegmentInput = {
    ...{ storeId: pins.storeId, model, tokens: plan.tokens, plan: before.plan, training, from },
    ...(change.microBatchSize !== undefined && { microBatchSize: change.microBatchSize }),
  };
  const { changes } = run.state.progress;
  const opened = await run.openSegment(`open-segment-${changes.length + 1}`, describeChange(change), input);
  const step = opened.parent?.step ?? 0;
  changes.push({ ...change, step, epoch, ...(opened.parent && { lineage: opened.parent.lineage }) });
  Object.assign(run.state.progress, { totalSteps: opened.totalSteps });
  addWarnings(run.state, [`From step ${step} (epoch ${epoch}) on: ${describeChange(change)}`]);
  run.show();
  return { plan: opened.plan, lineage: opened.lineage, training, microBatchSize: opened.microBatchSize };
}

/** A change in words. */
export function describeChange({ learningRate, epochs, microBatchSize }: SegmentChange): string {
  return [
    ...(learningRate === undefined ? [] : [`learning rate ${learningRate}`]),
    ...(epochs === undefined ? [] : [`${epochs} epochs in all`]),
    ...(microBatchSize === undefined ? [] : [`micro-batches of ${microBatchSize}`]),
  ].join(', ');
}
