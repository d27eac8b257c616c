// What an attempt of an activity knows of itself, and whether the server still counts it. The attempt's number says neither: it begins
// again after a reset. The server's time for the attempt rises whatever made it, and a direct heartbeat is an answer at once.
import { createHash } from 'node:crypto';
import type { Context } from '@temporalio/activity';
import { ActivityNotFoundError } from '@temporalio/client';
import { RetryableError } from '../src/errors.js';
import type { Claimant } from '../src/spec/training-stages.js';

const HEARTBEAT_TIMEOUTS = 2;

/** The running attempt, as claims name it. */
export function claimantOf({ info }: Pick<Context, 'info'>): Claimant {
  return {
    workflow: `${info.namespace}/${info.workflowExecution?.workflowId ?? ''}`,
    activity: info.activityId,
    scheduledMs: info.currentAttemptScheduledTimestampMs,
    owner: createHash('sha256').update(info.taskToken).digest('hex').slice(0, 16),
    attempt: info.attempt,
    freshMs: HEARTBEAT_TIMEOUTS * (info.heartbeatTimeoutMs ?? 30_000),
  };
}

/**
 * Asks the server whether the attempt still counts.
 *
 * @returns the error to stop with when it does not; undefined when it does, or when the server cannot be asked: that stops no training.
 */
export async function askServer(
  { info, client }: Pick<Context, 'info' | 'client'>,
  details: unknown,
): Promise<RetryableError | undefined> {
  try {
    await client.activity.heartbeat(info.taskToken, details);
    return undefined;
  } catch (error) {
    // A pause or a reset is told by the ordinary heartbeats.
    if (!(error instanceof ActivityNotFoundError)) return undefined;
    return new RetryableError(
      'StaleAttempt',
      `Training: the server no longer counts attempt ${info.attempt} of ${info.activityId}; this one saves and stops.`,
      { cause: error },
    );
  }
}
