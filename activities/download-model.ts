// Brings the base model's files into the store, or makes them from random weights.
import { fetchBaseModel } from '../src/models/base-model.js';
import type { DownloadModelInput, DownloadResult } from '../src/spec/preparation-stages.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `downloadModel`. */
export function downloadModel(services: ActivityServices): Activities['downloadModel'] {
  return stageActivity<DownloadModelInput, DownloadResult>(services, {
    work: async (input, context) => {
      const { kind, key, facts } = await fetchBaseModel(input, services.sources, context);
      return { artifact: { kind, key }, files: facts.files, bytes: facts.bytes };
    },
  });
}
