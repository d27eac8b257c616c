// The verdict on pairs of evaluations, in the trainer.
import type { CompareEvaluationsInput, CompareEvaluationsResult } from '../src/spec/comparison.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `compareEvaluations`. */
export function compareEvaluations(services: ActivityServices): Activities['compareEvaluations'] {
  return stageActivity<CompareEvaluationsInput, CompareEvaluationsResult>(services, {
    work: (input, context) => services.trainers.call('compareEvaluations', input, context),
  });
}
