// Maps columns to question and answer, and drops rows that have none.
import { transformPairs as run } from '../src/dataset/transform.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `transformPairs`. */
export function transformPairs(services: ActivityServices): Activities['transformPairs'] {
  return stageActivity(services, { work: run });
}
