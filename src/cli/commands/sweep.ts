// `finetune sweep SPEC`: tries models and settings on one dataset, stops the weaker early, and publishes the best.
import type { Command } from 'commander';
import { hasSameSweepInputs, startSweep } from '../../temporal/several-client.js';
import { action } from '../action.js';
import type { Output } from '../output.js';
import { runSeveral, withSeveral, type SeveralOptions } from '../several.js';
import { readSweepFile } from '../spec-file.js';

/** Adds the command. */
export function addSweepCommand(program: Command): void {
  const command = program
    .command('sweep')
    .argument('<spec>', 'JSON file: base (a spec of a run), models, settings, parallel, halving')
    .description('try models and settings on one dataset, stop the weaker early, publish the best; waits for the end');
  withSeveral(command).action(action(sweep));
}

async function sweep(specPath: string, options: SeveralOptions, output: Output): Promise<number> {
  const spec = await readSweepFile(specPath);
  return runSeveral(
    {
      name: 'sweep',
      start: (client, { workflowId, taskQueue, arePublished }) =>
        startSweep(client, spec, {
          ...{ workflowId, taskQueue },
          isCurrent: async (result) =>
            (await arePublished(result)) && (await hasSameSweepInputs(client, result, spec, taskQueue)),
        }),
    },
    options,
    output,
  );
}
