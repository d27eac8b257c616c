// Errors as people read them: one block with the failure's type and its message (which says the remedy), without a stack.
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { WorkflowFailedError, WorkflowNotFoundError, isGrpcServiceError } from '@temporalio/client';
import colors from 'picocolors';
import { errorMessage, FinalError, RetryableError } from '../errors.js';

/** A failure's type and message. */
export interface ErrorFacts {
  type: string;
  message: string;
  /** Activity that failed, e.g. `trainEpoch`. */
  where?: string;
}

/** What anything thrown comes down to: the innermost failure that says something. */
export function errorFacts(error: unknown): ErrorFacts {
  if (error instanceof WorkflowFailedError) return errorFacts(error.cause ?? error.message);
  if (error instanceof ActivityFailure)
    return { ...errorFacts(error.cause ?? error.message), where: error.activityType };
  if (error instanceof ApplicationFailure) return { type: error.type ?? 'Failure', message: error.message };
  if (error instanceof CancelledFailure)
    return { type: 'Cancelled', message: 'the run was cancelled; started again, it goes on from what it has saved' };
  if (error instanceof TerminatedFailure)
    return { type: 'Terminated', message: `the run was terminated: ${error.message}` };
  if (error instanceof TimeoutFailure) return { type: 'Timeout', message: error.message };
  if (error instanceof FinalError || error instanceof RetryableError)
    return { type: error.type, message: error.message };
  if (error instanceof WorkflowNotFoundError) {
    return {
      type: 'NotFound',
      message: `no run "${error.workflowId}" on this server; is it the right --address and --namespace?`,
    };
  }
  if (isGrpcServiceError(error)) return { type: 'ServerError', message: error.details || error.message };
  const encoding = /Unknown encoding: (\S+)/.exec(errorMessage(error))?.[1];
  if (encoding !== undefined) {
    return {
      type: 'EncodedPayload',
      message: `the payloads of this run are encoded (${encoding}); name the data converter of its Workers with --data-converter`,
    };
  }
  return { type: 'Error', message: errorMessage(error) };
}

/** The block for a failure; with `verbose` the stack follows. */
export function errorBlock(error: unknown, { verbose = false }: { verbose?: boolean } = {}): string {
  const { type, message, where } = errorFacts(error);
  const head = `${colors.red('✖')} ${colors.bold(type)}${where === undefined ? '' : ` in ${where}`}`;
  const lines = [head, ...message.split('\n').map((line) => `  ${line}`)];
  if (verbose && error instanceof Error && error.stack !== undefined) lines.push('', stacks(error));
  return lines.join('\n');
}

function stacks(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\nCaused by: ${stacks(error.cause)}` : own;
}
