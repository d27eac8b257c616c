// Follows a workflow that starts runs of its own (sweep, chain, retrain) on the terminal: what it says of itself, and the step of the run
// that trains now.
import type { Client } from '@temporalio/client';
import { isOpen, lookAtRun } from '../temporal/run-watch.js';
import type { WorkflowRun } from '../temporal/start-or-join.js';
import { followSnapshots, frameOf } from './follow.js';
import type { ConnectionOptionValues } from './options.js';
import type { Output } from './output.js';
import type { ProgressFrame } from './progress-view.js';

/** A workflow being followed. */
export interface FollowParentOptions {
  client: Client;
  run: WorkflowRun<unknown>;
  output: Output;
  taskQueue: string;
  /** The options that name the server, for hints. */
  flags?: ConnectionOptionValues | undefined;
  /** Aborted: stop following; the runs go on. */
  signal?: AbortSignal;
}

/** What is known beside the workflow's own progress: its activity, and the runs' activities. */
export interface Surroundings {
  own: ProgressFrame | undefined;
  /** Looks at the runs and gives the frame of one that works; one that waits when all do. */
  ofRuns: (workflowIds: readonly string[]) => Promise<ProgressFrame | undefined>;
}

const MOST_LOOKS = 4;

/**
 * Shows the workflow until it is closed; true = closed, false = `signal` was aborted.
 *
 * @param toFrame Makes what is shown of the answer to the query `getProgress`.
 */
export function followParent<Progress extends { warnings?: readonly string[] }>(
  options: FollowParentOptions,
  toFrame: (progress: Progress, around: Surroundings) => Promise<ProgressFrame>,
): Promise<boolean> {
  const { client, taskQueue, flags: where = { taskQueue } } = options;
  const ofRuns = (ids: readonly string[]): Promise<ProgressFrame | undefined> => frameOfRuns(client, ids, where);
  return followSnapshots<Progress>(options, ({ progress, ...rest }) => {
    if (!isOpen(rest.status)) return undefined;
    const own = frameOf(rest, where);
    return progress ? toFrame(progress, { own, ofRuns }) : own;
  });
}

async function frameOfRuns(
  client: Client,
  workflowIds: readonly string[],
  where: ConnectionOptionValues,
): Promise<ProgressFrame | undefined> {
  let waiting: ProgressFrame | undefined;
  for (const workflowId of workflowIds.slice(0, MOST_LOOKS)) {
    const look = { taskQueue: where.taskQueue, withPollers: false };
    const snapshot = await lookAtRun(client, { workflowId, runId: '' }, look).catch(() => undefined);
    const frame = snapshot && frameOf(snapshot, where);
    if (snapshot?.activity && !snapshot.activity.waiting) return frame;
    waiting ??= frame;
  }
  return waiting;
}
