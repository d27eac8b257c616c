// Publishes the model, the data and the logs into the output folder, in the trainer. The folder is resolved here, against the Worker's
// data folders.
import { Context } from '@temporalio/activity';
import { resolveAllowedOutput } from '../src/sources/paths.js';
import { outputName } from '../src/spec/names.js';
import type { PublishInput, PublishResult } from '../src/spec/publishing-stages.js';
import type { Activities } from './activities.js';
import { demandName } from './allowed-name.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `publishModel`. */
export function publishModel(services: ActivityServices): Activities['publishModel'] {
  return stageActivity<PublishInput, PublishResult>(services, {
    work: async (input, context) => {
      demandName(outputName(input.spec), 'output.name');
      const { directory } = input.spec.output;
      const outputDirectory = await resolveAllowedOutput(directory, services.settings.dataFolders);
      // The same over all attempts, so that each of them publishes the same bytes.
      const trainingEndedMs = Context.current().info.scheduledTimestampMs;
      return services.trainers.call('publishModel', { ...input, outputDirectory, trainingEndedMs }, context);
    },
  });
}
