// A trial of a sweep: the same stages and the same training as `fineTune`, up to the end of a round, and nothing is published. The next
// round is a new trial of the same spec: it finds every epoch that is trained under its lineage and goes on from the last checkpoint,
// so that a training made in rounds has the very bytes of one made at once.
import type { EvaluateResult } from '../src/spec/evaluation-stages.js';
import type { TrainingFigures } from '../src/spec/publishing-stages.js';
import type { Carried } from './carry.js';
import { trainAs } from './fine-tune.js';
import type { RunOrder } from './order.js';
import { MOST_EPOCHS_TOLD, ndcgOf } from './progress.js';

/** What a trial returns. */
export interface TrialResult {
  /** Epochs trained. */
  epochs: number;
  /** The best epoch so far by NDCG@10 on the validation part, and that figure. */
  bestEpoch: number;
  validation: number;
  /** On the test part: the base model, and the best epoch. */
  before: EvaluateResult;
  after: EvaluateResult;
  /** NDCG@10 on the validation part by epoch, the last 60. */
  curve: [epoch: number, validation: number][];
  training: TrainingFigures;
  bitIdentical: boolean;
  warnings: string[];
}

/**
 * Trains to the end of an epoch and measures.
 *
 * @param input A spec with `training.keep` "best".
 * @param order `untilEpoch`: where to stop.
 */
export async function fineTuneTrial(input: unknown, carried?: Carried, order?: RunOrder): Promise<TrialResult> {
  return trainAs({ input, carried, order }, (run, training, trained) => {
    const { progress, epochs } = run.state;
    Object.assign(progress, { stage: 'done', fraction: 1 });
    run.show();
    return Promise.resolve({
      epochs: epochs.at(-1)?.epoch ?? 0,
      bestEpoch: trained.published.epoch,
      validation: ndcgOf(training.book.state.chosen?.validation?.metrics),
      before: trained.before,
      after: trained.after,
      curve: epochs
        .slice(-MOST_EPOCHS_TOLD)
        .map(({ epoch, validation }): [number, number] => [epoch, ndcgOf(validation)]),
      training: trained.figures,
      bitIdentical: trained.bitIdentical,
      warnings: progress.warnings,
    });
  });
}
