// The one map from errors to Temporal's failures: what is final ends the run, what may pass is retried, a damaged artifact sends the
// workflow back to the stage that makes it. Every text that crosses (messages, names, stacks, of all causes) is freed of secrets; further
// fields of errors, such as a request's address, do not cross. The domain's own messages quote no row of the data.
// Of what is tried again the server keeps four kilobytes with all causes, and else shows "Failure exceeds size limit." in its place: so
// every text has its room, and no message stands twice.
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import { DamagedError } from '../src/artifacts/store.js';
import { ARTIFACT_DAMAGED, errorMessage, FinalError, RetryableError } from '../src/errors.js';
import { fitBytes } from '../src/spec/shorten.js';
import { redact } from '../src/trainer/redact.js';

/** Bytes. */
const ROOM = { finalMessage: 4000, message: 1200, stack: 600, causeMessage: 300, causeStack: 250 } as const;
const MOST_CAUSES = 2;
/** Texts are cut to this before they are searched; far from where they end in a failure, so that no secret is cut in two. */
const LONGEST_SEARCHED = 64_000;
/** An error that nobody foresaw is most likely a bug: after so many in a row the run ends; a new start goes on where it was. */
const MOST_UNEXPECTED = 10;

/** Options of {@link toFailure}. */
export interface ToFailureOptions {
  /** Unexpected errors in a row that the activity ended by before; default 0. */
  unexpectedBefore?: number;
  /** Texts to take out literally, e.g. the Hub token in use. */
  secrets?: readonly (string | undefined)[];
}

/** The failure to throw from an activity for anything thrown inside it. */
export function toFailure(
  error: unknown,
  { unexpectedBefore = 0, secrets = [] }: ToFailureOptions = {},
): TemporalFailure {
  if (error instanceof TemporalFailure) return error;
  const clean: Clean = (text, room) => fitBytes(redact(text.slice(0, LONGEST_SEARCHED), secrets), room);
  const said = clean(messageOf(error), ROOM.finalMessage);
  const failure = (type: string, nonRetryable: boolean, message = said): ApplicationFailure => {
    const made = ApplicationFailure.create({
      ...{ message: nonRetryable ? message : fitBytes(message, ROOM.message), type, nonRetryable },
      ...causeOf(error, clean, MOST_CAUSES),
    });
    made.stack = stackOf(error, clean, ROOM.stack);
    return made;
  };
  if (error instanceof FinalError) return failure(error.type, true);
  if (error instanceof RetryableError) return failure(error.type, false);
  // Not retried as it is (the workflow's retry policy names this type): the earlier stage runs again first.
  if (error instanceof DamagedError) return failure(ARTIFACT_DAMAGED, false);
  if (isDiskFull(error)) {
    const what = fitBytes(said, ROOM.message - 200);
    return failure(
      'NoDiskSpace',
      false,
      `Worker: no space left on a disk of it (${what}). Free some; the run goes on by itself.`,
    );
  }
  return failure('UnexpectedError', unexpectedBefore + 1 >= MOST_UNEXPECTED);
}

/** True for the failure of an error that nobody foresaw. */
export function isUnexpected(failure: TemporalFailure): boolean {
  return failure instanceof ApplicationFailure && failure.type === 'UnexpectedError';
}

/** Frees a text of secrets and cuts it to so many bytes. */
type Clean = (text: string, room: number) => string;

/** A system error of a place that no stage foresaw; from the trainer its code comes in the message alone, which begins with it. */
function isDiskFull(error: unknown): boolean {
  return error instanceof Error && /^(ENOSPC|EDQUOT): /.test(error.message);
}

/** What an error was caused by, and so on, as an option to spread. */
function causeOf(error: unknown, clean: Clean, depth: number): { cause?: Error } {
  if (!(error instanceof Error) || error.cause === undefined || depth === 0) return {};
  const cause = new Error(clean(messageOf(error.cause), ROOM.causeMessage), causeOf(error.cause, clean, depth - 1));
  cause.name = error.cause instanceof Error ? clean(error.cause.name, ROOM.causeStack) : 'Error';
  cause.stack = stackOf(error.cause, clean, ROOM.causeStack);
  return { cause };
}

/** The error's name and its frames; the message stands elsewhere. */
function stackOf(error: unknown, clean: Clean, room: number): string {
  if (!(error instanceof Error)) return '';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return clean([error.name, ...frames].join('\n'), room);
}

/** What JSON.parse says quotes the text that it was given, which may be a row. */
function messageOf(error: unknown): string {
  if (!(error instanceof SyntaxError)) return errorMessage(error);
  const position = /at position \d+/.exec(error.message)?.[0];
  return `broken JSON${position === undefined ? '' : ` ${position}`}`;
}
