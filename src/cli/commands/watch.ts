// `finetune watch ID` follows a run to its end; `finetune result ID` prints how a run ended, or that it has not.
import type { Command } from 'commander';
import { fineTuneHandle } from '../../temporal/client.js';
import { findTarget } from '../../temporal/connection.js';
import {
  CHAIN_WORKFLOW,
  FINE_TUNE_WORKFLOW,
  RETRAIN_WORKFLOW,
  SWEEP_WORKFLOW,
  TRIAL_WORKFLOW,
} from '../../temporal/defaults.js';
import { isOpen } from '../../temporal/run-watch.js';
import { followNewest, type WorkflowRun } from '../../temporal/start-or-join.js';
import { action } from '../action.js';
import { connectClient } from '../connect.js';
import { EXIT, followRun, tellOutcome, uiPage, type FollowOptions } from '../follow.js';
import { callOn, quoted } from '../invocation.js';
import { INTERRUPTED, jsonOutcome, type Output } from '../output.js';
import { withCommon, withConnection, type CommonOptionValues, type ConnectionOptionValues } from '../options.js';
import { followRetrain, tellRetrain } from '../retrain.js';
import { followSeveral, tellSeveral, tellTrial } from '../several.js';
import { onInterrupt } from '../signals.js';

type WatchOptions = ConnectionOptionValues & CommonOptionValues;

/** A run of any of the workflows; what its result is, its type says. */
type AnyRun = Omit<FollowOptions, 'run'> & { run: WorkflowRun<never> };

/** How a run is shown until it is closed (false: not waited for to the end), and how its end is told (the exit code). */
interface Kind {
  follow: (options: AnyRun) => Promise<boolean>;
  tell: (options: AnyRun) => Promise<number>;
}

const several: Kind = { follow: followSeveral, tell: tellSeveral };
/** By workflow type. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  [FINE_TUNE_WORKFLOW, { follow: followRun, tell: tellOutcome }],
  [TRIAL_WORKFLOW, { follow: followRun, tell: tellTrial }],
  [RETRAIN_WORKFLOW, { follow: followRetrain, tell: tellRetrain }],
  [SWEEP_WORKFLOW, several],
  [CHAIN_WORKFLOW, several],
]);

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
  const kind = kindOf(type, workflowId);
  const follow = { client, run, target, output, taskQueue, flags: options, verbose, signal };
  if (await kind.follow(follow)) return kind.tell(follow);
  output.say(`Not waiting any more; ${workflowId} goes on.`);
  output.set(jsonOutcome({ workflowId, runId: run.runId, status: 'RUNNING' }, undefined, INTERRUPTED));
  return EXIT.interrupted;
}

async function result(workflowId: string, options: WatchOptions, output: Output): Promise<number> {
  const target = await findTarget(options);
  const client = await connectClient(target, output);
  const run = await followNewest<never>(client, workflowId);
  const { status, type } = await fineTuneHandle(client, workflowId, run.runId).describe();
  const kind = kindOf(type, workflowId);
  if (isOpen(status.name)) {
    const state = status.name === 'PAUSED' ? 'is paused on the server; unpause it there to go on' : 'is still running';
    output.say(`${workflowId} ${state}. \`${callOn(`watch ${quoted(workflowId)}`, options)}\` follows it.`);
    output.set(jsonOutcome({ workflowId, runId: run.runId, status: status.name }));
    return EXIT.failed;
  }
  const { taskQueue, verbose } = options;
  return kind.tell({ client, run, target, output, taskQueue, verbose });
}

function kindOf(type: string, workflowId: string): Kind {
  const kind = KINDS.get(type);
  if (kind) return kind;
  throw new Error(
    `Only workflows of the types ${[...KINDS.keys()].join(', ')} are followed, got ${workflowId} of type ${type}. ` +
      `\`temporal workflow describe -w ${quoted(workflowId)}\` tells of it.`,
  );
}
