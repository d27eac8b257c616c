// The one map from errors to Temporal's failures: what is final ends the run, what may pass is retried, a damaged artifact sends the
// workflow back to the stage that makes it. Every text that crosses (messages, names, stacks, of all causes) is freed of secrets and cut to
// a few kilobytes; further fields of errors, such as a request's address, do not cross. The domain's own messages quote no row of the data.
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import { DamagedError } from '../src/artifacts/store.js';
import { ARTIFACT_DAMAGED, FinalError, RetryableError } from '../src/errors.js';
import { shorten } from '../src/spec/shorten.js';
import { redact } from '../src/trainer/redact.js';

const LONGEST = 4000;
/** Cut to this before it is searched; far from where {@link LONGEST} ends, so that no secret is cut in two. */
const LONGEST_SEARCHED = 64_000;
/** An error that nobody foresaw is most likely a bug: after so many attempts the run ends; a new start goes on where it was. */
const UNEXPECTED_ATTEMPTS = 10;

/** Options of {@link toFailure}. */
export interface ToFailureOptions {
  /** Attempt of the activity, from 1. */
  attempt: number;
  /** Texts to take out literally, e.g. the Hub token in use. */
  secrets?: readonly (string | undefined)[];
}

/** The failure to throw from an activity for anything thrown inside it. */
export function toFailure(error: unknown, { attempt, secrets = [] }: ToFailureOptions): TemporalFailure {
  if (error instanceof TemporalFailure) return error;
  const clean = (text: string): string => shorten(redact(text.slice(0, LONGEST_SEARCHED), secrets), LONGEST);
  const cause = cleaned(error, clean);
  const failure = (type: string, nonRetryable: boolean): ApplicationFailure =>
    ApplicationFailure.create({ message: cause.message, type, nonRetryable, cause });
  if (error instanceof FinalError) return failure(error.type, true);
  if (error instanceof RetryableError) return failure(error.type, false);
  // Not retried as it is (the workflow's retry policy names this type): the earlier stage runs again first.
  if (error instanceof DamagedError) return failure(ARTIFACT_DAMAGED, false);
  if (isDiskFull(error)) {
    const message = `Worker: no space left on a disk of it (${cause.message}). Free some; the run goes on by itself.`;
    return ApplicationFailure.create({ message, type: 'NoDiskSpace', nonRetryable: false, cause });
  }
  return failure('UnexpectedError', attempt >= UNEXPECTED_ATTEMPTS);
}

/** A system error of a place that no stage foresaw; from the trainer its code comes in the message alone, which begins with it. */
function isDiskFull(error: unknown): boolean {
  return error instanceof Error && /^(ENOSPC|EDQUOT): /.test(error.message);
}

function cleaned(error: unknown, clean: (text: string) => string, depth = 3): Error {
  if (!(error instanceof Error)) return new Error(clean(String(error)));
  const message = clean(messageOf(error));
  const copy = new Error(
    message,
    error.cause === undefined || depth === 0 ? {} : { cause: cleaned(error.cause, clean, depth - 1) },
  );
  copy.name = clean(error.name);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  copy.stack = clean([`${copy.name}: ${message}`, ...frames].join('\n'));
  return copy;
}

/** What JSON.parse says quotes the text that it was given, which may be a row. */
function messageOf(error: Error): string {
  if (!(error instanceof SyntaxError)) return error.message;
  const position = /at position \d+/.exec(error.message)?.[0];
  return `broken JSON${position === undefined ? '' : ` ${position}`}`;
}
