// The activities as the workflow calls them: readable ids, one-line summaries, retries without end for what may pass, unless the Worker's
// owner set other times.
import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.js';
import { ARTIFACT_DAMAGED } from '../src/errors.js';
import { DEFAULT_RETRY, type ActivityTimes } from '../src/spec/activity-times.js';
import { fitBytes } from '../src/spec/shorten.js';

const OPTIONS: ActivityOptions = {
  heartbeatTimeout: '30 seconds',
  startToCloseTimeout: '30 days',
  // With this an activity that saves and returns when it is asked to stop gives its value.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  // Each shutdown of a Worker uses up an attempt: no maximum.
  retry: {
    initialInterval: 1000 * DEFAULT_RETRY.initialInterval,
    backoffCoefficient: DEFAULT_RETRY.backoffCoefficient,
    maximumInterval: 1000 * DEFAULT_RETRY.maximumInterval,
    nonRetryableErrorTypes: [ARTIFACT_DAMAGED],
  },
};
const SUMMARY_BYTES = 200;

/** Calls one activity under an id, with a line for the UI. */
export type CallActivity = <K extends keyof Activities>(
  name: K,
  activityId: string,
  summary: string,
  input: Parameters<Activities[K]>[0],
) => ReturnType<Activities[K]>;

/** The activities on a task queue (default: the workflow's own), with other times than the defaults where some are given. */
export function activitiesOn(taskQueue?: string, times?: ActivityTimes): CallActivity {
  const options = { ...OPTIONS, ...(times && optionsOf(times)), ...(taskQueue === undefined ? {} : { taskQueue }) };
  const activities = proxyActivities<Activities>(options);
  return ((name: keyof Activities, activityId: string, summary: string, input: never) =>
    activities[name].executeWithOptions(
      { ...options, activityId, summary: fitBytes(summary.replace(/\s+/g, ' '), SUMMARY_BYTES) },
      [input],
    )) as CallActivity;
}

function optionsOf({
  heartbeatTimeout,
  startToCloseTimeout,
  scheduleToStartTimeout,
  retry = {},
}: ActivityTimes): ActivityOptions {
  const { initialInterval, maximumInterval, ...counts } = retry;
  const ms = (name: string, seconds: number | undefined): Record<string, number> =>
    seconds === undefined ? {} : { [name]: 1000 * seconds };
  return {
    ...ms('heartbeatTimeout', heartbeatTimeout),
    ...ms('startToCloseTimeout', startToCloseTimeout),
    ...ms('scheduleToStartTimeout', scheduleToStartTimeout),
    retry: {
      ...OPTIONS.retry,
      ...ms('initialInterval', initialInterval),
      ...ms('maximumInterval', maximumInterval),
      ...counts,
    },
  };
}
