// Follows a run from outside: its status, what it says of itself (the query getProgress), and what its activity reports with its
// heartbeats. Goes on over a server or a Worker that is away for a while, and says that it is.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { RunProgress } from '../../workflows/progress.js';
import { errorMessage } from '../errors.js';
import type { StageProgress } from '../spec/stages.js';
import { fineTuneHandle, type FineTuneRun } from './client.js';
import { decodePayload } from './payloads.js';

/** A run at one moment. */
export interface RunSnapshot<Progress = RunProgress> {
  /** Temporal's name of the status; `UNREACHABLE` while the server does not answer. */
  status: string;
  /** Absent while no Worker answers the query. */
  progress?: Progress;
  activity?: ActivitySnapshot;
  /** True when no Worker polls the queue that the run waits for. */
  noWorker?: boolean;
}

/** The activity that a run waits for. */
export interface ActivitySnapshot {
  id: string;
  attempt: number;
  /** Task is waiting for a Worker, or for its next attempt. */
  waiting: boolean;
  stage?: StageProgress;
  lastFailure?: string;
}

/** Looks at a run for one at who polls its queue. */
const LOOKS_PER_POLLERS = 8;

/** Options of {@link watchRun}. */
export interface WatchRunOptions<Progress = RunProgress> {
  taskQueue: string;
  intervalMs?: number;
  signal?: AbortSignal;
  /** Waited for before the next look. */
  onSnapshot: (snapshot: RunSnapshot<Progress>) => void | Promise<void>;
}

/** Reports the run until it is closed (or `signal` is aborted) and returns its last status. */
export async function watchRun<Progress = RunProgress>(
  client: Client,
  run: Pick<FineTuneRun, 'workflowId' | 'runId'>,
  { taskQueue, intervalMs = 700, signal, onSnapshot }: WatchRunOptions<Progress>,
): Promise<string> {
  let status = 'RUNNING';
  let watched = run;
  let noWorker: boolean | undefined;
  for (let turn = 0; !signal?.aborted; turn++) {
    // At first too: where no Worker answers, a turn takes seconds.
    const withPollers = turn % LOOKS_PER_POLLERS === 0;
    const snapshot = await lookAtRun<Progress>(client, watched, { taskQueue, withPollers });
    if (withPollers || snapshot.progress) ({ noWorker } = snapshot);
    else if (noWorker && snapshot.status === 'RUNNING') snapshot.noWorker = true;
    if (snapshot.status === 'CONTINUED_AS_NEW') {
      // The history had grown long: the run goes on under the same workflow id.
      watched = { workflowId: run.workflowId, runId: '' };
      continue;
    }
    await onSnapshot(snapshot);
    status = snapshot.status;
    if (!isOpen(status)) return status;
    await sleep(intervalMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
  return status;
}

/** True for the status of a run that is not closed, as far as is known. */
export function isOpen(status: string): boolean {
  return status === 'RUNNING' || status === 'UNREACHABLE' || status === 'PAUSED';
}

/**
 * Looks at a run once; what it says of itself is what its query `getProgress` answers.
 *
 * @throws WorkflowNotFoundError when there is none.
 */
export async function lookAtRun<Progress = RunProgress>(
  client: Client,
  { workflowId, runId }: Pick<FineTuneRun, 'workflowId' | 'runId'>,
  { taskQueue, withPollers }: { taskQueue: string; withPollers: boolean },
): Promise<RunSnapshot<Progress>> {
  const handle = fineTuneHandle(client, workflowId, runId || undefined);
  try {
    const description = await handle.describe();
    const status = description.status.name;
    const { loadedDataConverter } = client.workflow.options;
    const activity = await firstActivity(description.raw.pendingActivities ?? [], loadedDataConverter);
    const snapshot: RunSnapshot<Progress> = { status, ...(activity && { activity }) };
    if (status === 'COMPLETED' || status === 'RUNNING') {
      const progress = await client
        .withDeadline(Date.now() + 3_000, () => handle.query<Progress>('getProgress'))
        .catch(() => undefined);
      if (progress) snapshot.progress = progress;
      else if (status === 'RUNNING' && withPollers) snapshot.noWorker = !(await hasPollers(client, taskQueue));
    }
    return snapshot;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw error;
    return { status: 'UNREACHABLE' };
  }
}

interface RawPendingActivity {
  activityId?: string | null;
  attempt?: number | null;
  state?: number | null;
  heartbeatDetails?: { payloads?: Payload[] | null } | null;
  lastFailure?: { message?: string | null; encodedAttributes?: Payload | null } | null;
}

const STARTED = 2;

async function firstActivity(
  [first]: readonly RawPendingActivity[],
  converter: LoadedDataConverter,
): Promise<ActivitySnapshot | undefined> {
  if (!first) return undefined;
  const payload = first.heartbeatDetails?.payloads?.[0];
  const stage = payload ? await readStage(payload, converter) : undefined;
  const message = await failureMessage(first.lastFailure, converter);
  return {
    id: first.activityId ?? '',
    attempt: first.attempt ?? 1,
    waiting: first.state !== STARTED,
    ...(stage && { stage }),
    ...(message && { lastFailure: message }),
  };
}

/** What a failure says; one whose texts are encoded carries them in a payload. */
async function failureMessage(
  failure: RawPendingActivity['lastFailure'],
  converter: LoadedDataConverter,
): Promise<string | null | undefined> {
  if (!failure?.encodedAttributes) return failure?.message;
  const decoded = await decodePayload<{ message?: string }>(failure.encodedAttributes, converter).catch(
    () => undefined,
  );
  return decoded?.message ?? failure.message;
}

async function readStage(payload: Payload, converter: LoadedDataConverter): Promise<StageProgress | undefined> {
  try {
    const value = await decodePayload<StageProgress | undefined>(payload, converter);
    return value && typeof value === 'object' && 'stage' in value ? value : undefined;
  } catch (error) {
    return { stage: 'pin', done: 0, total: 0, unit: 'steps', note: `unreadable heartbeat: ${errorMessage(error)}` };
  }
}

/** True when a Worker asked for workflow tasks of this queue in the last minutes. */
async function hasPollers(client: Client, taskQueue: string): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1,
  });
  const recent = Date.now() / 1000 - 90;
  return (pollers ?? []).some((poller) => Number(poller.lastAccessTime?.seconds ?? 0) > recent);
}
