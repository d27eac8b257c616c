// Compares champion and candidate, decides and writes the decision down, in the trainer. The output folder is resolved here, against the
// Worker's data folders.
import { Context } from '@temporalio/activity';
import { resolveAllowedOutput } from '../src/sources/paths.js';
import type { SettleRetrainInput, SettleRetrainResult } from '../src/spec/retrain.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `settleRetrain`. */
export function settleRetrain(services: ActivityServices): Activities['settleRetrain'] {
  return stageActivity<SettleRetrainInput, SettleRetrainResult>(services, {
    work: async (input, context) => {
      const outputDirectory = await resolveAllowedOutput(input.spec.output.directory, services.settings.dataFolders);
      const decidedMs = Context.current().info.scheduledTimestampMs;
      return services.trainers.call('settleRetrain', { ...input, outputDirectory, decidedMs }, context);
    },
  });
}
