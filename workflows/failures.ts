// Failures on the workflow's side. An ordinary error thrown here would fail the workflow task, which is retried for ever: everything
// final becomes a failure of the workflow itself, with the type and the message of what went wrong on top.
import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  isCancellation,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import { ARTIFACT_DAMAGED, FinalError, type FinalErrorType } from '../src/errors.js';

/** How often damaged or missing results are made again before it counts as a failure. */
export const MOST_REPAIRS = 3;

/** True when an activity found that an earlier stage's result is gone or damaged. */
export function isArtifactDamaged(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === ARTIFACT_DAMAGED
  );
}

/** True when an activity ran out of memory. */
export function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === ('OutOfMemory' satisfies FinalErrorType)
  );
}

/** True for a cancellation, and for what the server would have tried again had the activity not been asked to stop. */
export function mayPass(error: unknown): boolean {
  if (isCancellation(error)) return true;
  if (!(error instanceof ActivityFailure)) return false;
  const { cause } = error;
  if (cause instanceof TimeoutFailure) return true;
  return cause instanceof ApplicationFailure && !cause.nonRetryable && cause.type !== ARTIFACT_DAMAGED;
}

/** What to throw out of the workflow for anything thrown in it. */
export function toWorkflowFailure(error: unknown): unknown {
  if (isCancellation(error)) return error;
  if (error instanceof FinalError) return ApplicationFailure.nonRetryable(error.message, error.type);
  const isOfPart = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  if (isOfPart && error.cause instanceof ApplicationFailure) {
    const { message, type } = error.cause;
    return ApplicationFailure.create({ message, nonRetryable: true, cause: error, ...(type ? { type } : {}) });
  }
  if (error instanceof TemporalFailure) return error;
  // A bug: the task fails and is tried again, so that a corrected Worker goes on.
  return error;
}
