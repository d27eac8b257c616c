// Trains one epoch from its newest checkpoint, in the trainer. When the workflow asks it to stop (a pause, a cancel) it saves and returns
// what it has; for every other reason (shutdown, the operator's pause, a reset) it saves, and the next attempt goes on from there.
import type { TrainEpochInput, TrainEpochResult } from '../src/spec/stages.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `trainEpoch`. */
export function trainEpoch(services: ActivityServices): Activities['trainEpoch'] {
  return stageActivity<TrainEpochInput, TrainEpochResult>(services, {
    work: (input, context) => services.trainers.call('trainEpoch', input, context),
    isCutShort: ({ finished }) => !finished,
  });
}
