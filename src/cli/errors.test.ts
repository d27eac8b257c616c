// What a failure comes down to on the terminal.
import { ApplicationFailure, TerminatedFailure } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
import { expect, it } from 'vitest';
import { errorFacts } from './errors.js';

it('tells the type and message of what failed, and that a run was terminated', () => {
  const failed = (cause: Error): WorkflowFailedError =>
    new WorkflowFailedError('Workflow execution failed', cause, 'NON_RETRYABLE_FAILURE');
  expect(errorFacts(failed(ApplicationFailure.nonRetryable('no rows', 'InvalidData')))).toEqual({
    ...{ type: 'InvalidData', message: 'no rows' },
  });
  expect(errorFacts(failed(new TerminatedFailure('by hand')))).toEqual({
    ...{ type: 'Terminated', message: 'the run was terminated: by hand' },
  });
});
