// Fixes what moves: model and dataset revisions to commits, local files into the store by hash. The run's first activity, and the only
// one that may make a store: nothing hangs on a store's identity before this activity has returned it.
import { Context } from '@temporalio/activity';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { StageContext } from '../src/artifacts/stage-context.js';
import { pinDataset } from '../src/dataset/pin-dataset.js';
import { comparisonFolder, demandOwn, demandOwnFolders } from '../src/sources/own-folder.js';
import { resolveAllowedOutput } from '../src/sources/paths.js';
import { pinModel } from '../src/sources/pin.js';
import { demandActivityTimes } from '../src/spec/activity-times.js';
import { parseSpec } from '../src/spec/parse.js';
import type { PinInput, PinResult } from '../src/spec/preparation-stages.js';
import { pinnedRoot, recordRoot } from '../src/artifacts/run-root.js';
import type { Activities } from './activities.js';
import { demandName } from './allowed-name.js';
import { inputsSha256 } from './inputs-hash.js';
import { missingSearchAttributes } from './search-attributes.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';
import { DEFAULT_TRAINING_TASK_QUEUE } from './worker-settings.js';

/** Makes the activity `pinInputs`. */
export function pinInputs(services: ActivityServices): Activities['pinInputs'] {
  const { settings, sources } = services;
  const times = settings.activityTimes && demandActivityTimes(settings.activityTimes);
  return stageActivity<PinInput, PinResult>(services, {
    openStore: ({ mayCreateStore }) => openLocalStore({ folder: settings.store, create: mayCreateStore }),
    work: async (input, context) => {
      const spec = parseSpec(input.spec);
      // Told now, and not after hours of training.
      const outputDirectory = await resolveAllowedOutput(spec.output.directory, settings.dataFolders);
      await demandOwnFolders(outputDirectory, spec);
      if (input.comparison !== undefined) {
        const name = demandName(input.comparison, 'comparison');
        await demandOwn('comparison', comparisonFolder(outputDirectory, name));
      }
      const model = input.pins?.model ?? (await pinModel(spec.model, sources, context));
      const dataset = input.pins?.dataset ?? (await pinDataset(spec.dataset, sources, context));
      const root = pinnedRoot(model, dataset);
      if (root) await recordRoot(context.store, root);
      return {
        storeId: context.store.id,
        model,
        dataset,
        trainingTaskQueue: settings.trainingTaskQueue ?? DEFAULT_TRAINING_TASK_QUEUE,
        ...(times && { activityTimes: times }),
        outputDirectory,
        inputsSha256: inputsSha256(spec, { model, dataset }),
        ...(settings.searchAttributes && (await searchAttributes(context))),
        warnings: [],
      };
    },
  });
}

/** Set by the workflow when the server knows them; else a warning says what is missing. */
async function searchAttributes(context: StageContext): Promise<Pick<PinResult, 'searchAttributes'>> {
  const missing = await missingSearchAttributes(Context.current());
  for (const warning of missing) context.warn(warning);
  return missing.length === 0 ? { searchAttributes: true } : {};
}
