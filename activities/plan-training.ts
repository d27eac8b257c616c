// Turns every text into token ids and plans every epoch's batches, in the trainer.
import type { PlanInput, PlanResult } from '../src/spec/preparation-stages.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `planTraining`. */
export function planTraining(services: ActivityServices): Activities['planTraining'] {
  return stageActivity<PlanInput, PlanResult>(services, {
    work: (input, context) => services.trainers.call('planTraining', input, context),
  });
}
