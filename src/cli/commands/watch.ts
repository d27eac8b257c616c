// `finetune watch ID` follows a run to its end; `finetune result ID` prints how a run ended, or that it has not.
import type { Command } from 'commander';
import { fineTuneHandle } from '../../temporal/client.js';
import { findTarget } from '../../temporal/connection.js';
import { TRIAL_WORKFLOW } from '../../temporal/defaults.js';
import { RETRAIN_WORKFLOW } from '../../temporal/schedules.js';
import { followNewest, type WorkflowRun } from '../../temporal/start-or-join.js';
import { action } from '../action.js';
import { connectClient } from '../connect.js';
import { EXIT, followRun, tellOutcome, uiPage, type FollowOptions } from '../follow.js';
import { callAs } from '../invocation.js';
import { jsonOutcome, type Output } from '../output.js';
import { withCommon, withConnection, type CommonOptionValues, type ConnectionOptionValues } from '../options.js';
import { followRetrain, tellRetrain } from '../retrain.js';
import { followSeveral, isOfSeveral, tellSeveral, tellTrial } from '../several.js';
import { onInterrupt } from '../signals.js';

type WatchOptions = ConnectionOptionValues & CommonOptionValues;

/** Adds the command. */
export function addWatchCommand(program: Command): void {
  const command = program.command('watch').argument('<workflow-id>').description('follow a run to its end');
  withCommon(withConnection(command)).action(action(watch));
}

/** Adds the command. */
export function addResultCommand(program: Command): void {
  const command = program
    .command('result')
    .argument('<workflow-id>')
    .description('print how a run ended; exit code 0 only for a completed one');
  withCommon(withConnection(command)).action(action(result));
}

async function watch(workflowId: string, options: WatchOptions, output: Output): Promise<number> {
  const target = await findTarget(options);
  const client = await connectClient(target, output);
  const run = await followNewest<never>(client, workflowId);
  output.say(`${workflowId}  ${uiPage(target, run) ?? `on ${target.address}`}`);
  const { signal } = onInterrupt();
  const { taskQueue, verbose } = options;
  const { type } = await fineTuneHandle(client, workflowId, run.runId).describe();
  const follow = { client, run, target, output, taskQueue, verbose, signal };
  const isClosed = await (isOfSeveral(type)
    ? followSeveral(follow)
    : type === RETRAIN_WORKFLOW
      ? followRetrain(follow)
      : followRun(follow));
  if (isClosed) return tell(type, follow);
  output.say(`Not waiting any more; ${workflowId} goes on.`);
  output.set(jsonOutcome({ workflowId, runId: run.runId, status: 'RUNNING' }));
  return EXIT.interrupted;
}

async function result(workflowId: string, options: WatchOptions, output: Output): Promise<number> {
  const target = await findTarget(options);
  const client = await connectClient(target, output);
  const run = await followNewest<never>(client, workflowId);
  const { status, type } = await fineTuneHandle(client, workflowId, run.runId).describe();
  if (status.name === 'RUNNING') {
    output.say(`${workflowId} is still running. \`${callAs(`watch ${workflowId}`)}\` follows it.`);
    output.set(jsonOutcome({ workflowId, runId: run.runId, status: status.name }));
    return EXIT.failed;
  }
  const { taskQueue, verbose } = options;
  return tell(type, { client, run, target, output, taskQueue, verbose });
}

/** Tells how a closed run of any of the workflows ended; what its result is, its type says. @returns the exit code. */
function tell(type: string, follow: Omit<FollowOptions, 'run'> & { run: WorkflowRun<never> }): Promise<number> {
  if (isOfSeveral(type)) return tellSeveral(follow);
  if (type === RETRAIN_WORKFLOW) return tellRetrain(follow);
  return type === TRIAL_WORKFLOW ? tellTrial(follow) : tellOutcome(follow);
}
