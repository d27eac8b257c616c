// Splits pairs into parts so that no answer and no question stands on both sides.
import { splitPairs as run } from '../src/dataset/split.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `splitPairs`. */
export function splitPairs(services: ActivityServices): Activities['splitPairs'] {
  return stageActivity(services, { work: run });
}
