// Follows a run to its end on the terminal, and turns how it ended into a summary, an object and an exit code. Shared by `run`,
// `start`, `watch` and `result`.
import type { Client } from '@temporalio/client';
import type { RunProgress } from '../../workflows/progress.js';
import { fineTuneHandle, type FineTuneRun } from '../temporal/client.js';
import type { ConnectionTarget } from '../temporal/connection.js';
import { FINE_TUNE_WORKFLOW } from '../temporal/defaults.js';
import { watchRun, type RunSnapshot } from '../temporal/run-watch.js';
import { errorBlock, errorFacts } from './errors.js';
import { callOn } from './invocation.js';
import type { ConnectionOptionValues } from './options.js';
import { jsonOutcome, type Output } from './output.js';
import { ProgressView, type ProgressFrame } from './progress-view.js';
import { summary } from './summary.js';

/** Exit codes of the command. */
export const EXIT = { completed: 0, failed: 1, invalid: 2, interrupted: 130 } as const;

/** Which run of which workflow. */
type FollowedRun = Pick<FineTuneRun, 'workflowId' | 'runId'>;

/** A run being followed. */
export interface FollowOptions {
  client: Client;
  run: FineTuneRun;
  target: ConnectionTarget;
  output: Output;
  taskQueue: string;
  /** The options that name the server, for hints. */
  flags?: ConnectionOptionValues | undefined;
  verbose?: boolean | undefined;
  /** Aborted: stop following; the run itself goes on. */
  signal?: AbortSignal;
}

/** Shows the run until it is closed; true = closed, false = `signal` was aborted. */
export function followRun(options: FollowOptions): Promise<boolean> {
  return followSnapshots<RunProgress>(options, (snapshot) =>
    frameOf(snapshot, options.flags ?? { taskQueue: options.taskQueue }),
  );
}

/** Shows what is made of each look at a workflow, and its warnings, until it is closed; true = closed, false = `signal` was aborted. */
export async function followSnapshots<Progress extends { warnings?: readonly string[] }>(
  {
    client,
    run,
    output,
    taskQueue,
    signal,
  }: Pick<FollowOptions, 'client' | 'output' | 'taskQueue' | 'signal'> & { run: FollowedRun },
  toFrame: (snapshot: RunSnapshot<Progress>) => ProgressFrame | undefined | Promise<ProgressFrame | undefined>,
): Promise<boolean> {
  const view = new ProgressView({ stream: output.stream });
  const warned = new Set<string>();
  let status = '';
  try {
    status = await watchRun<Progress>(client, run, {
      taskQueue,
      ...(signal && { signal }),
      onSnapshot: async (snapshot) => {
        for (const warning of snapshot.progress?.warnings ?? []) {
          if (!warned.has(warning)) view.say(`! ${warning}`);
          warned.add(warning);
        }
        const frame = await toFrame(snapshot);
        if (frame) view.show(frame);
      },
    });
  } finally {
    view.stop({ finished: status === 'COMPLETED' });
  }
  return signal?.aborted !== true;
}

/** Tells how a closed run ended. @returns the exit code. */
export async function tellOutcome(options: FollowOptions): Promise<number> {
  const { run, target, output } = options;
  try {
    const result = await run.result();
    output.say(summary(result, { uiPage: uiPage(target, run) }));
    output.set(jsonOutcome({ workflowId: run.workflowId, runId: run.runId, status: 'COMPLETED' }, result));
    return EXIT.completed;
  } catch (error) {
    return tellFailure(options, error);
  }
}

/** Tells how a run failed, or that it was cancelled; `more` goes into the object for programs. @returns the exit code. */
export async function tellFailure(
  {
    client,
    run: { workflowId, runId },
    target,
    output,
    verbose = false,
  }: Omit<FollowOptions, 'run'> & { run: FollowedRun },
  error: unknown,
  more: object = {},
): Promise<number> {
  const closed = await lastOfChain(client, { workflowId, runId });
  output.say(errorBlock(error, { verbose }));
  const page = uiPage(target, closed);
  if (page !== undefined) output.say(`  ${page}`);
  output.set({ ...jsonOutcome(closed, undefined, errorFacts(error)), ...more });
  return EXIT.failed;
}

/** The run that closed: where it continued as new, the newest of its workflow id, as its result does. */
export async function lastOfChain(
  client: Client,
  { workflowId, runId }: FollowedRun,
): Promise<FollowedRun & { status: string }> {
  const describe = (ofRun: string | undefined): Promise<FollowedRun & { status: string }> =>
    fineTuneHandle(client, workflowId, ofRun)
      .describe()
      .then((description) => ({ workflowId, runId: description.runId, status: description.status.name }));
  try {
    const run = await describe(runId || undefined);
    return run.status === 'CONTINUED_AS_NEW' ? await describe(undefined) : run;
  } catch {
    return { workflowId, runId, status: 'UNKNOWN' };
  }
}

/** What is said while a Worker elsewhere looks at the inputs of a run that is complete. */
export function lookingAtInputs(taskQueue: string): string {
  return `Complete already; a Worker on the queue "${taskQueue}" looks whether the inputs have changed (some seconds; up to 20 when none is there) …`;
}

/** Page of the run in the Temporal UI, where that is known. */
export function uiPage(
  { address, namespace, uiUrl }: ConnectionTarget,
  run: Pick<FineTuneRun, 'workflowId' | 'runId'>,
): string | undefined {
  return uiAddress({ address, uiUrl }, ['namespaces', namespace, 'workflows', run.workflowId, run.runId]);
}

/**
 * The UI's form that starts a run, with workflow type and queue filled in; the UI adds the input of the newest run of that type, where there
 * is one.
 */
export function startForm(
  { address, namespace, uiUrl }: Pick<ConnectionTarget, 'address' | 'namespace' | 'uiUrl'>,
  taskQueue: string,
): string | undefined {
  const form = uiAddress({ address, uiUrl }, ['namespaces', namespace, 'workflows', 'start-workflow']);
  const filled = new URLSearchParams({ workflowType: FINE_TUNE_WORKFLOW, taskQueue });
  return form === undefined ? undefined : `${form}?${filled.toString()}`;
}

function uiAddress(
  { address, uiUrl }: { address: string; uiUrl: string | undefined },
  parts: readonly string[],
): string | undefined {
  const base = uiUrl ?? (address.includes('.tmprl.cloud') ? 'https://cloud.temporal.io' : undefined);
  if (base === undefined) return undefined;
  return [base, ...parts.filter((part) => part !== '').map(encodeURIComponent)].join('/');
}

/**
 * What a snapshot looks like; undefined when there is nothing new to show.
 *
 * @param where The run's queue, and the options that name its server.
 */
export function frameOf(snapshot: RunSnapshot, where: ConnectionOptionValues): ProgressFrame | undefined {
  const { status, progress, activity, noWorker } = snapshot;
  if (status === 'COMPLETED') return { stage: 'done' };
  if (status === 'UNREACHABLE') return { note: 'the server does not answer; waiting for it' };
  if (status === 'PAUSED') return { note: 'paused on the server; unpause it there to go on' };
  if (status !== 'RUNNING') return undefined;
  const frame: ProgressFrame = { stage: activity?.stage?.stage ?? progress?.stage };
  if (activity?.stage) frame.progress = activity.stage;
  if (progress && progress.epoch > 0) Object.assign(frame, { epoch: progress.epoch, epochs: progress.epochs });
  if (progress?.paused) frame.note = 'paused; send the signal "resume" to go on';
  else if (noWorker)
    frame.note = `no Worker polls the queue "${where.taskQueue}": start one with \`${callOn('worker', where)}\``;
  else if (activity?.lastFailure !== undefined && activity.attempt > 1)
    frame.note = `attempt ${activity.attempt} after: ${activity.lastFailure}`;
  else if (activity?.waiting) frame.note = 'waiting for a Worker';
  return frame;
}
