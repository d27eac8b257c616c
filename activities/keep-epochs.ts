// Puts the results of some epochs into the store, so that no payload grows with the number of epochs.
import { keepEpochs as keep } from '../src/artifacts/epoch-list.js';
import type { KeepEpochsInput, KeepEpochsResult } from '../src/spec/training-stages.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `keepEpochs`. */
export function keepEpochs(services: ActivityServices): Activities['keepEpochs'] {
  return stageActivity<KeepEpochsInput, KeepEpochsResult>(services, {
    work: async (input, { store }) => ({ artifact: await keep(store, input) }),
  });
}
