// `finetune start SPEC`: the client alone; a Worker has to run somewhere. Waits for the end, or returns at once with --detach.
import type { Command } from 'commander';
import { hasSameInputs, startFineTune } from '../../temporal/client.js';
import { findTarget } from '../../temporal/connection.js';
import { action } from '../action.js';
import { connectClient } from '../connect.js';
import { EXIT, followRun, lookingAtInputs, tellOutcome, uiPage } from '../follow.js';
import { callOn, quoted } from '../invocation.js';
import { INTERRUPTED, jsonOutcome, type Output } from '../output.js';
import { withCommon, withConnection, type CommonOptionValues, type ConnectionOptionValues } from '../options.js';
import { onInterrupt } from '../signals.js';
import { readSpecFile } from '../spec-file.js';

interface StartOptions extends ConnectionOptionValues, CommonOptionValues {
  id?: string;
  detach?: boolean;
}

/** Adds the command. */
export function addStartCommand(program: Command): void {
  const command = program
    .command('start')
    .argument('<spec>', 'JSON file: model, dataset, prompts, training, evaluation, output')
    .description('start a run on a server whose Worker runs elsewhere; waits for the end')
    .option('--id <workflow-id>', "default: the output's name and the spec's hash")
    .option('--detach', 'return once the run is started');
  withCommon(withConnection(command)).action(action(start));
}

async function start(specPath: string, options: StartOptions, output: Output): Promise<number> {
  const { taskQueue, verbose, detach = false } = options;
  const spec = await readSpecFile(specPath);
  const target = await findTarget(options);
  const client = await connectClient(target, output);
  const run = await startFineTune(client, spec, {
    ...{ workflowId: options.id, taskQueue },
    isCurrent: (result, parsed) => {
      output.say(lookingAtInputs(taskQueue));
      return hasSameInputs(client, result, parsed, { taskQueue });
    },
  });
  const { workflowId, runId } = run;
  output.say(
    `${run.outcome === 'started' ? 'Started' : run.outcome === 'joined' ? 'Joined' : 'Complete already:'} ${workflowId}`,
  );
  output.say(`  ${uiPage(target, run) ?? `on ${target.address}`}`);
  if (detach) {
    output.say(`Follow it with \`${callOn(`watch ${quoted(workflowId)}`, options)}\`.`);
    output.set(jsonOutcome({ workflowId, runId, status: run.outcome === 'finished' ? 'COMPLETED' : 'RUNNING' }));
    return EXIT.completed;
  }
  const { signal } = onInterrupt();
  const follow = { client, run, target, output, taskQueue, flags: options, verbose, signal };
  if (await followRun(follow)) return tellOutcome(follow);
  output.say(
    `Not waiting any more; the run goes on. \`${callOn(`watch ${quoted(workflowId)}`, options)}\` follows it.`,
  );
  output.set(jsonOutcome({ workflowId, runId, status: 'RUNNING' }, undefined, INTERRUPTED));
  return EXIT.interrupted;
}
