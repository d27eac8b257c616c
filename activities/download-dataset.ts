// Brings the dataset's files into the store.
import { downloadDataset as download } from '../src/dataset/fetch-dataset.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `downloadDataset`. */
export function downloadDataset(services: ActivityServices): Activities['downloadDataset'] {
  return stageActivity(services, { work: (input, context) => download(input, services.sources, context) });
}
