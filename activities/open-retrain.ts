// The first activity of a retrain: has anything changed? It may make a store, but not where a champion is served already: a disk that is
// not mounted must not look like a champion's first day.
import { openLocalStore } from '../src/artifacts/local-store.js';
import { isServed, openRetrain as open } from '../src/dataset/open-retrain.js';
import { demandActivityTimes } from '../src/spec/activity-times.js';
import { parseRetrainSpec, type OpenRetrainInput, type OpenRetrainResult } from '../src/spec/retrain.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';
import { DEFAULT_TRAINING_TASK_QUEUE } from './worker-settings.js';

/** Makes the activity `openRetrain`. */
export function openRetrain({ settings, sources, ...rest }: ActivityServices): Activities['openRetrain'] {
  const times = settings.activityTimes && demandActivityTimes(settings.activityTimes);
  return stageActivity<OpenRetrainInput, OpenRetrainResult>(
    { settings, sources, ...rest },
    {
      openStore: async ({ spec }) =>
        openLocalStore({ folder: settings.store, create: !(await isServed(parseRetrainSpec(spec), sources)) }),
      work: async ({ spec }, context) => ({
        storeId: context.store.id,
        trainingTaskQueue: settings.trainingTaskQueue ?? DEFAULT_TRAINING_TASK_QUEUE,
        ...(times && { activityTimes: times }),
        ...(await open(parseRetrainSpec(spec), sources, context)),
      }),
    },
  );
}
