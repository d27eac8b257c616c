// Embeds and scores one part of any prepared data with a whole model, in the trainer.
import type { EvaluateOnInput, EvaluateResult } from '../src/spec/evaluation-stages.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `evaluateOn`. */
export function evaluateOn(services: ActivityServices): Activities['evaluateOn'] {
  return stageActivity<EvaluateOnInput, EvaluateResult>(services, {
    work: (input, context) => services.trainers.call('evaluateOn', input, context),
  });
}
