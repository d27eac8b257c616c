// The messages between the Worker and its trainer process, and how errors cross: with type, final or retryable, message, stack and
// causes, so that the Worker maps them as if they had been thrown beside it.
import { DamagedError } from '../artifacts/store.js';
import {
  FinalError,
  isAllocationFailure,
  RetryableError,
  type FinalErrorType,
  type RetryableErrorType,
} from '../errors.js';
import type { StageProgress } from '../spec/stages.js';
import type { TrainerOperation } from './operations.js';

/** From the Worker to the trainer. */
export type TrainerRequest =
  | { type: 'call'; id: number; operation: TrainerOperation; input: unknown }
  /** Save and end the call. */
  | { type: 'stop'; id: number };

/** From the trainer to the Worker. */
export type TrainerReply =
  | { type: 'progress'; id: number; progress: StageProgress }
  /** The next report may take so many milliseconds. */
  | { type: 'silence'; id: number; ms: number }
  | { type: 'warning'; id: number; message: string }
  /** A checkpoint is about to be saved. */
  | { type: 'checkpoint'; id: number }
  | { type: 'result'; id: number; result: unknown }
  | { type: 'error'; id: number; error: WireError };

/** An error on its way between processes. */
export interface WireError {
  kind: 'final' | 'retryable' | 'damaged' | 'aborted' | 'unexpected';
  type: string;
  message: string;
  stack?: string;
  cause?: WireError;
  /** Of a damaged artifact: what and why. */
  damaged?: { what: string; reason: string };
}

/** Packs anything thrown; causes are kept three deep. */
export function packError(error: unknown, depth = 3): WireError {
  if (!(error instanceof Error)) return { kind: 'unexpected', type: 'Error', message: String(error) };
  const common = {
    type: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: packError(error.cause, depth - 1) }),
  };
  if (error instanceof FinalError) return { ...common, kind: 'final', type: error.type };
  if (error instanceof RetryableError) return { ...common, kind: 'retryable', type: error.type };
  if (error instanceof DamagedError) {
    return { ...common, kind: 'damaged', damaged: { what: error.what, reason: error.reason } };
  }
  if (error.name === 'AbortError') return { ...common, kind: 'aborted' };
  if (isAllocationFailure(error.message)) {
    const message = `Trainer: memory ran out (${error.message}). Set a smaller training.microBatchSize or training.maxSequenceLength.`;
    return { ...common, kind: 'final', type: 'OutOfMemory', message };
  }
  return { ...common, kind: 'unexpected' };
}

/** The error again, of the class it had; `clean` is applied to every text in it. */
export function unpackError(wire: WireError, clean: (text: string) => string = (text) => text): Error {
  const options = wire.cause ? { cause: unpackError(wire.cause, clean) } : {};
  const message = clean(wire.message);
  const error = revive(wire, message, clean, options);
  if (wire.stack !== undefined) error.stack = clean(wire.stack);
  return error;
}

function revive(wire: WireError, message: string, clean: (text: string) => string, options: ErrorOptions): Error {
  switch (wire.kind) {
    case 'final':
      return new FinalError(wire.type as FinalErrorType, message, options);
    case 'retryable':
      return new RetryableError(wire.type as RetryableErrorType, message, options);
    case 'damaged':
      return new DamagedError(clean(wire.damaged?.what ?? message), clean(wire.damaged?.reason ?? ''), options);
    default: {
      const error = new Error(message, options);
      error.name = wire.kind === 'aborted' ? 'AbortError' : wire.type;
      return error;
    }
  }
}
