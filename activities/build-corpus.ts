// Builds the retrieval files of every part: questions, documents and what belongs together.
import { buildCorpus as run } from '../src/dataset/corpus.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `buildCorpus`. */
export function buildCorpus(services: ActivityServices): Activities['buildCorpus'] {
  return stageActivity(services, { work: run });
}
