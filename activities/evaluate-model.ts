// Embeds and scores one part of the data with one set of weights, in the trainer.
import type { EvaluateInput, EvaluateResult } from '../src/spec/evaluation-stages.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `evaluateModel`. */
export function evaluateModel(services: ActivityServices): Activities['evaluateModel'] {
  return stageActivity<EvaluateInput, EvaluateResult>(services, {
    work: (input, context) => services.trainers.call('evaluateModel', input, context),
  });
}
