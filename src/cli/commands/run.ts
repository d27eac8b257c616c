// `finetune run SPEC`: brings up server and Worker, starts (or joins, or finds) the run and waits for its end. The server stays up
// afterwards. Ctrl-C once lets the trainer save and stops the Worker; the same command then goes on from there.
import type { Command } from 'commander';
import { hasSameInputs, startFineTune } from '../../temporal/client.js';
import { action } from '../action.js';
import { EXIT, followRun, tellOutcome, uiPage } from '../follow.js';
import { callAgain } from '../invocation.js';
import { withCommon, withConnection, withWork } from '../options.js';
import { INTERRUPTED, jsonOutcome, type Output } from '../output.js';
import { withOwnWorker, type OwnWorkerOptions } from '../own-worker.js';
import { isPublished } from '../published.js';
import { readSpecFile } from '../spec-file.js';

interface RunOptions extends OwnWorkerOptions {
  id?: string;
}

/** Adds the command. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .argument('<spec>', 'JSON file: model, dataset, prompts, training, evaluation, output')
    .description('fine-tune: server, Worker and run in one go; waits for the end')
    .option('--id <workflow-id>', "default: the output's name and the spec's hash")
    .option('--db <file>', 'history of the server that is started; default: .finetune/server/temporal.db');
  withCommon(withWork(withConnection(command))).action(action(run));
}

async function run(specPath: string, options: RunOptions, output: Output): Promise<number> {
  const { taskQueue, id, verbose } = options;
  const spec = await readSpecFile(specPath);
  return withOwnWorker(options, output, async ({ client, target, signal, working }) => {
    const started = await startFineTune(client, spec, {
      workflowId: id,
      taskQueue,
      isCurrent: async (result, parsed) =>
        (await isPublished(result.model)) && hasSameInputs(client, result, parsed, { taskQueue }),
    });
    const follow = { client, run: started, target, output, taskQueue, flags: options, verbose, signal };
    output.say(headline(started.outcome, started.workflowId));
    output.say(`  ${uiPage(target, started) ?? `on ${target.address}`}`);
    // A Worker that fails ends the wait as well.
    if (await Promise.race([followRun(follow), working.then(() => false)])) return tellOutcome(follow);
    const { workflowId, runId } = started;
    output.say(`The run ${workflowId} is kept: \`${callAgain()}\` goes on where it was.`);
    output.set(jsonOutcome({ workflowId, runId, status: 'RUNNING' }, undefined, INTERRUPTED));
    return EXIT.interrupted;
  });
}

function headline(outcome: 'started' | 'joined' | 'finished', workflowId: string): string {
  switch (outcome) {
    case 'started':
      return `Fine-tuning as ${workflowId}`;
    case 'joined':
      return `The run ${workflowId} is under way; going on with it`;
    case 'finished':
      return `The run ${workflowId} is complete and its inputs are unchanged: nothing to do`;
  }
}
