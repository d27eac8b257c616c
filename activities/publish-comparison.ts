// Publishes the comparison of several runs into the output folder, in the trainer. The folder is resolved here, against the Worker's data
// folders.
import { resolveAllowedOutput } from '../src/sources/paths.js';
import type { PublishComparisonInput, PublishComparisonResult } from '../src/spec/comparison.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `publishComparison`. */
export function publishComparison(services: ActivityServices): Activities['publishComparison'] {
  return stageActivity<PublishComparisonInput, PublishComparisonResult>(services, {
    work: async (input, context) => {
      const outputDirectory = await resolveAllowedOutput(input.directory, services.settings.dataFolders);
      return services.trainers.call('publishComparison', { ...input, outputDirectory }, context);
    },
  });
}
