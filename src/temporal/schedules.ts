// Recurring retrains on Temporal Schedules: one Schedule a champion, whose action is the workflow `retrain` with the spec as its one JSON
// object. The policies suit trainings: one at a time, a missed one made up for within a day only, and a pause when one fails, so that
// somebody looks. Nothing native.
import type { Client, ScheduleHandle, ScheduleOptions, ScheduleOptionsStartWorkflowAction } from '@temporalio/client';
import type { RetryPolicy, Workflow } from '@temporalio/common';
import { FinalError } from '../errors.js';
import { datasetName, outputName } from '../spec/names.js';
import { parseRetrainSpec, type RetrainSpecInput } from '../spec/retrain.js';
import { DEFAULT_TASK_QUEUE, RETRAIN_WORKFLOW } from './defaults.js';

const DAY_MS = 24 * 3_600_000;

/** When a Schedule starts retrains, and what it does otherwise. */
export interface RetrainScheduleOptions {
  /** Default: {@link defaultScheduleId}. */
  scheduleId?: string | undefined;
  taskQueue?: string | undefined;
  /** Cron expressions, e.g. `0 3 1 * *`: at three in the morning of each first of a month. */
  cron?: string | readonly string[] | undefined;
  /** Milliseconds between two retrains. */
  everyMs?: number | undefined;
  /** Of the cron expressions, e.g. `Europe/Berlin`; default: UTC. */
  timezone?: string | undefined;
  /** Milliseconds within which the start is put off by chance, so that several Schedules do not begin at once; default 0. */
  jitterMs?: number | undefined;
  /** What becomes of a start while the retrain before goes on: left out (`SKIP`, the default), or made up for after it. */
  overlap?: 'SKIP' | 'BUFFER_ONE' | undefined;
  /** Milliseconds that a start may be late after an outage of the server; default one day (the server's own: a year). */
  catchupWindowMs?: number | undefined;
  /** Pause the Schedule when a retrain fails; default true. A candidate that is not promoted is no failure. */
  pauseOnFailure?: boolean | undefined;
  /** Make it, but start nothing until it is unpaused; default false. */
  paused?: boolean | undefined;
}

/** A Schedule as a list shows it. */
export interface RetrainScheduleSummary {
  scheduleId: string;
  paused: boolean;
  /** Why it is paused, or what else was noted. */
  note?: string | undefined;
  /** The next starts. */
  next: Date[];
  /** Workflow ids of the last starts, newest last. */
  recent: { workflowId: string; at: Date }[];
}

/** The id of a champion's Schedule. */
export function defaultScheduleId(spec: RetrainSpecInput): string {
  return `retrain-${outputName(parseRetrainSpec(spec))}`;
}

/**
 * The Schedule of a spec, as `client.schedule.create` takes it.
 *
 * @throws FinalError `InvalidSpec` for a wrong spec, or unless one of `cron` and `everyMs` is given.
 */
export function retrainSchedule(
  spec: RetrainSpecInput,
  {
    scheduleId,
    taskQueue = DEFAULT_TASK_QUEUE,
    cron,
    everyMs,
    timezone,
    jitterMs,
    overlap = 'SKIP',
    catchupWindowMs = DAY_MS,
    pauseOnFailure = true,
    paused = false,
  }: RetrainScheduleOptions,
): ScheduleOptions<ScheduleOptionsStartWorkflowAction<Workflow>> {
  const parsed = parseRetrainSpec(spec);
  const name = outputName(parsed);
  if ((cron === undefined) === (everyMs === undefined)) {
    throw new FinalError(
      'InvalidSpec',
      `schedule: one of cron and every is needed, got ${cron === undefined ? 'neither' : 'both'}. For example: cron "0 3 1 * *", or every 30 days.`,
    );
  }
  return {
    scheduleId: scheduleId ?? defaultScheduleId(spec),
    spec: {
      ...(cron !== undefined && { cronExpressions: typeof cron === 'string' ? [cron] : [...cron] }),
      ...(everyMs !== undefined && { intervals: [{ every: everyMs }] }),
      ...(timezone !== undefined && { timezone }),
      ...(jitterMs !== undefined && { jitter: jitterMs }),
    },
    action: {
      type: 'startWorkflow',
      workflowType: RETRAIN_WORKFLOW,
      // The server puts the time behind it.
      workflowId: `retrain-${name}`,
      taskQueue,
      args: [parsed],
      staticSummary: `${name}: retrain when ${datasetName(parsed.dataset)} has changed`,
    },
    policies: { overlap, catchupWindow: catchupWindowMs, pauseOnFailure },
    state: { paused },
  };
}

/**
 * Makes the Schedule of a champion.
 *
 * @throws ScheduleAlreadyRunning when there is one of this id: {@link updateRetrainSchedule} changes it.
 */
export async function createRetrainSchedule(
  client: Client,
  spec: RetrainSpecInput,
  options: RetrainScheduleOptions,
): Promise<ScheduleHandle> {
  return client.schedule.create(retrainSchedule(spec, options));
}

/**
 * Changes a Schedule: the spec, and what else is given; times, their zone and jitter, policies and a pause that are not given stay, as do
 * the action's workflow id, timeouts, retries, memo and search attributes.
 *
 * @throws ScheduleNotFoundError when there is none of this id, FinalError `InvalidSpec` when it starts workflows of another type.
 */
export async function updateRetrainSchedule(
  client: Client,
  spec: RetrainSpecInput,
  options: RetrainScheduleOptions,
): Promise<ScheduleHandle> {
  const { scheduleId = defaultScheduleId(spec), timezone, jitterMs, paused } = options;
  const { overlap, catchupWindowMs, pauseOnFailure } = options;
  const handle = client.schedule.getHandle(scheduleId);
  const keepsTimes = options.cron === undefined && options.everyMs === undefined;
  const wanted = retrainSchedule(spec, keepsTimes ? { ...options, everyMs: DAY_MS } : options);
  const { workflowType, args, staticSummary } = wanted.action;
  await handle.update(({ spec: { calendars, intervals, ...kept }, policies, state, action }) => ({
    action: {
      ...ofRetrains(action, scheduleId),
      retry: withoutZeros(action.retry),
      ...{ workflowType, args, staticSummary, taskQueue: options.taskQueue ?? action.taskQueue },
    },
    spec: {
      ...kept,
      ...(keepsTimes ? { calendars, intervals } : wanted.spec),
      ...(timezone !== undefined && { timezone }),
      ...(jitterMs !== undefined && { jitter: jitterMs }),
    },
    policies: {
      overlap: overlap ?? policies.overlap,
      catchupWindow: catchupWindowMs ?? policies.catchupWindow,
      pauseOnFailure: pauseOnFailure ?? policies.pauseOnFailure,
    },
    state: { ...state, paused: paused ?? state.paused },
  }));
  return handle;
}

/** A Schedule of something else that has the id would start retrains from then on. */
function ofRetrains<Action extends { workflowType: string }>(action: Action, scheduleId: string): Action {
  if (action.workflowType === RETRAIN_WORKFLOW) return action;
  throw new FinalError(
    'InvalidSpec',
    `scheduleId: the id of a Schedule of retrains is needed, got ${JSON.stringify(scheduleId)}, which starts "${action.workflowType}". Give another scheduleId (--id).`,
  );
}

/** The server tells as 0 what a retry policy leaves to its defaults; given back, the SDK refuses that. */
function withoutZeros(retry: RetryPolicy | undefined): RetryPolicy | undefined {
  return retry && Object.fromEntries(Object.entries(retry).filter(([, value]) => value !== 0));
}

/** The Schedules of retrains, by id; the server's list may be some seconds old. */
export async function listRetrainSchedules(client: Client): Promise<RetrainScheduleSummary[]> {
  const found: RetrainScheduleSummary[] = [];
  for await (const { scheduleId, action, state, info } of client.schedule.list()) {
    if (action?.workflowType !== RETRAIN_WORKFLOW) continue;
    found.push({
      scheduleId,
      paused: state.paused,
      note: state.note,
      next: info.nextActionTimes,
      recent: info.recentActions.map(({ takenAt: at, action: taken }) => ({
        workflowId: taken.workflow.workflowId,
        at,
      })),
    });
  }
  return found.sort((a, b) => (a.scheduleId < b.scheduleId ? -1 : 1));
}
