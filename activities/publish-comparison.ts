// Publishes the comparison of several runs into the output folder, in the trainer. The folder is resolved here, against the Worker's data
// folders, and the name is checked.
import { resolveAllowedOutput } from '../src/sources/paths.js';
import type { PublishComparisonInput, PublishComparisonResult } from '../src/spec/comparison.js';
import type { Activities } from './activities.js';
import { demandName } from './allowed-name.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `publishComparison`. */
export function publishComparison(services: ActivityServices): Activities['publishComparison'] {
  return stageActivity<PublishComparisonInput, PublishComparisonResult>(services, {
    work: async (input, context) => {
      demandName(input.comparison.name, 'comparison.name');
      const outputDirectory = await resolveAllowedOutput(input.directory, services.settings.dataFolders);
      return services.trainers.call('publishComparison', { ...input, outputDirectory }, context);
    },
  });
}
