// The few kinds of error that somebody catches. Final ones end a run at once; the rest are retried by Temporal.
// The map to ApplicationFailure lives in activities/failures.ts, so that the domain knows nothing of Temporal.

/** Types of errors that no retry can mend. */
export const FINAL_ERROR_TYPES = [
  'InvalidSpec',
  'InvalidData',
  'UnsupportedModel',
  'SourceNotFound',
  'PathNotAllowed',
  'SourceNotAllowed',
  'NonFiniteLoss',
  'OutOfMemory',
  'ParityFailed',
] as const;

/** Types of errors that may pass: no disk space, a busy Hub, a store that is away, a dead trainer. */
export const RETRYABLE_ERROR_TYPES = [
  'NoDiskSpace',
  'SourceUnavailable',
  'StoreUnavailable',
  'StoreMismatch',
  'TrainerDied',
  'TrainerHung',
  'StaleAttempt',
  'OtherMachine',
] as const;

/** Type of the failure that says: an earlier stage's result is gone or damaged, run the stage that makes it again. */
export const ARTIFACT_DAMAGED = 'ArtifactDamaged';

export type FinalErrorType = (typeof FINAL_ERROR_TYPES)[number];
export type RetryableErrorType = (typeof RETRYABLE_ERROR_TYPES)[number];

/** An error that ends the run: `Where: rule, got value`, with the remedy in the message. */
export class FinalError extends Error {
  constructor(
    readonly type: FinalErrorType,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = type;
  }
}

/** An error that is told and tried again. */
export class RetryableError extends Error {
  constructor(
    readonly type: RetryableErrorType,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = type;
  }
}

const ALLOCATION_FAILURE =
  /bad_alloc|failed to allocate memory|allocation failed|(?:cannot|could not) allocate memory|heap out of memory/i;

/** True when the text is an allocator's own word that memory ran out. */
export function isAllocationFailure(text: string): boolean {
  return ALLOCATION_FAILURE.test(text);
}

/** True for `OutOfMemory` and for what an allocator threw. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof FinalError ? error.type === 'OutOfMemory' : isAllocationFailure(errorMessage(error));
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
