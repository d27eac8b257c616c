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

/** Pauses between attempts unless others are set, in seconds. */
export const DEFAULT_RETRY = { initialInterval: 1, maximumInterval: 60, backoffCoefficient: 2 };

const LEAST_HEARTBEAT_SECONDS = 5;
/** The server counts attempts in 32 bits. */
const MOST_ATTEMPTS = 2 ** 31 - 1;

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
  demandPauses(retry);
  return times;
}

/** What the workflow's side refuses only once a run goes on: its task would be tried again without end. */
function demandPauses(retry: NonNullable<ActivityTimes['retry']>): void {
  const initialInterval = retry.initialInterval ?? DEFAULT_RETRY.initialInterval;
  const maximumInterval = retry.maximumInterval ?? DEFAULT_RETRY.maximumInterval;
  if (maximumInterval < initialInterval) {
    const whose = retry.maximumInterval === undefined ? ' (the default)' : '';
    throw new Error(
      `activityTimes.maximumInterval: at least initialInterval (${initialInterval}) is needed, got ${maximumInterval}${whose}`,
    );
  }
  const { backoffCoefficient = DEFAULT_RETRY.backoffCoefficient, maximumAttempts = 1 } = retry;
  if (backoffCoefficient < 1) {
    throw new Error(`activityTimes.backoffCoefficient: at least 1 is needed, got ${backoffCoefficient}`);
  }
  if (!Number.isInteger(maximumAttempts) || maximumAttempts > MOST_ATTEMPTS) {
    throw new Error(
      `activityTimes.maximumAttempts: a whole number from 1 to ${MOST_ATTEMPTS} is needed, got ${maximumAttempts}`,
    );
  }
}
