// `finetune chain SPEC`: fine-tunes on one dataset after the other, each step from the last one's model.
import type { Command } from 'commander';
import { hasSameChainInputs, startChain } from '../../temporal/several-client.js';
import { action } from '../action.js';
import type { Output } from '../output.js';
import { runSeveral, withSeveral, type SeveralOptions } from '../several.js';
import { readChainFile } from '../spec-file.js';

/** Adds the command. */
export function addChainCommand(program: Command): void {
  const command = program
    .command('chain')
    .argument('<spec>', 'JSON file: base (a spec of a run without its dataset), steps')
    .description('fine-tune on one dataset after the other, each from the last model; waits for the end');
  withSeveral(command).action(action(chain));
}

async function chain(specPath: string, options: SeveralOptions, output: Output): Promise<number> {
  const spec = await readChainFile(specPath);
  return runSeveral(
    {
      name: 'chain',
      start: (client, { workflowId, taskQueue, arePublished }) =>
        startChain(client, spec, {
          ...{ workflowId, taskQueue },
          isCurrent: async (result) =>
            (await arePublished(result)) && (await hasSameChainInputs(client, result, spec, taskQueue)),
        }),
    },
    options,
    output,
  );
}
