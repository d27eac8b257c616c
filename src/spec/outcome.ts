// What a run makes of its epochs: which one is published, and the figures of its training. Used by the workflow and by the entry that
// runs without one, so it is plain and deterministic.
import { FinalError } from '../errors.js';
import type { FineTuneSpec, TrainingSpec } from './spec.js';
import type { EpochSummary, EvaluateResult } from './evaluation-stages.js';
import type { CorpusResult, PlanResult } from './preparation-stages.js';
import type { TrainingFigures } from './publishing-stages.js';
import type { TrainEpochResult } from './training-stages.js';

const CHOOSING_METRIC = 'ndcg@10';

/**
 * Makes sure that the best epoch can be chosen, before any is trained.
 *
 * @throws FinalError `InvalidData` for `keep: "best"` without a validation part.
 */
export function demandValidation(
  { training }: Pick<FineTuneSpec, 'training'>,
  { parts }: Pick<CorpusResult, 'parts'>,
): void {
  if (training.keep !== 'best' || parts.validation) return;
  throw new FinalError(
    'InvalidData',
    'training.keep: "best" chooses the epoch on a validation part, got none. Give dataset.validation, or a dataset.validationRatio above 0, or keep "last".',
  );
}

/** The last epoch, or the best one by NDCG@10 on the validation part (the earlier one when two are equal); the test part never chooses. */
export function chooseEpoch(
  epochs: readonly EpochSummary[],
  keep: TrainingSpec['keep'],
): EpochSummary & { test: EvaluateResult } {
  const score = ({ validation }: EpochSummary): number => validation?.metrics[CHOOSING_METRIC] ?? -Infinity;
  const chosen = epochs.reduce((kept, next) => (keep === 'last' || score(next) > score(kept) ? next : kept));
  if (!chosen.test) throw new Error(`chooseEpoch: epoch ${chosen.epoch} has no evaluation on the test part`);
  return { ...chosen, test: chosen.test };
}

/** Figures over all epochs; tokenising counts as training. */
export function trainingFigures(
  plan: Pick<PlanResult, 'seconds'>,
  epochs: readonly Pick<TrainEpochResult, 'pairs' | 'seconds' | 'peakMemoryMb'>[],
): TrainingFigures {
  const pairs = epochs.reduce((sum, epoch) => sum + epoch.pairs, 0);
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, plan.seconds);
  return {
    pairs,
    seconds,
    pairsPerSecond: seconds > 0 ? pairs / seconds : 0,
    peakMemoryMb: Math.max(...epochs.map(({ peakMemoryMb }) => peakMemoryMb)),
  };
}
