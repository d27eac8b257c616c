// Compares champion and candidate, decides and writes the decision down, in the trainer. The output folder and the candidate's are resolved
// here, against the Worker's data folders, and the spec is parsed again: what calls this need not be the workflow.
import { Context } from '@temporalio/activity';
import { resolveAllowedOutput } from '../src/sources/paths.js';
import { parseRetrainSpec, type SettleRetrainInput, type SettleRetrainResult } from '../src/spec/retrain.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `settleRetrain`. */
export function settleRetrain(services: ActivityServices): Activities['settleRetrain'] {
  return stageActivity<SettleRetrainInput, SettleRetrainResult>(services, {
    work: async (input, context) => {
      const { dataFolders } = services.settings;
      const spec = parseRetrainSpec(input.spec);
      const outputDirectory = await resolveAllowedOutput(spec.output.directory, dataFolders);
      const { sha256, path: told } = input.candidate.model;
      // One that is gone is told when it is needed, for a promotion.
      const path = await resolveAllowedOutput(told, dataFolders, 'candidate.model.path');
      const candidate = { ...input.candidate, model: { sha256, path } };
      const decidedMs = Context.current().info.scheduledTimestampMs;
      return services.trainers.call(
        'settleRetrain',
        { ...input, spec, candidate, outputDirectory, decidedMs },
        context,
      );
    },
  });
}
