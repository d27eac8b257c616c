// How long the workflow waits for its activities, as the Worker's owner sets it. It reaches the workflow with the first activity's result;
// that activity itself has the defaults. Part of nothing hashed.

/** Timeouts and retries of all activities after the first, in seconds. */
export interface ActivityTimes {
  /** Without a sign for so long an activity counts as dead and is tried again. Default 30; at least 5. */
  heartbeatTimeout?: number | undefined;
  /** One attempt may take so long. Default 30 days. */
  startToCloseTimeout?: number | undefined;
  /** An activity may wait so long for a Worker; the run fails then. Default: for ever. */
  scheduleToStartTimeout?: number | undefined;
  /** Pauses between attempts. */
  retry?:
    | {
        /** Default 1. */
        initialInterval?: number | undefined;
        /** Default 60. */
        maximumInterval?: number | undefined;
        /** Default 2. */
        backoffCoefficient?: number | undefined;
        /** Default: no limit, because each shutdown of a Worker uses up an attempt. */
        maximumAttempts?: number | undefined;
      }
    | undefined;
}

const LEAST_HEARTBEAT_SECONDS = 5;

/** Refuses times that cannot work. @throws Error that names the one. */
export function demandActivityTimes(times: ActivityTimes): ActivityTimes {
  const { retry = {}, ...timeouts } = times;
  for (const [name, value] of [...Object.entries(timeouts), ...Object.entries(retry)]) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw new Error(`activityTimes.${name}: a number above 0 is needed (seconds, or attempts), got ${value}`);
  }
  const { heartbeatTimeout } = timeouts;
  if (heartbeatTimeout !== undefined && heartbeatTimeout < LEAST_HEARTBEAT_SECONDS) {
    throw new Error(
      `activityTimes.heartbeatTimeout: at least ${LEAST_HEARTBEAT_SECONDS} seconds are needed, because signs of life come every few seconds, got ${heartbeatTimeout}`,
    );
  }
  return times;
}
