// Looking at runs from outside, on a development server without a Worker.
import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../test/support/server.js';
import { watchRun, type RunSnapshot } from './run-watch.js';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTestServer();
});
afterAll(() => environment?.teardown());

describe('a run that no Worker takes', () => {
  it('is told as such at the first look, and at every one from then on', async () => {
    const workflowId = randomUUID();
    const taskQueue = `nobody-${workflowId}`;
    await environment.client.workflow.start('fineTune', { taskQueue, workflowId });
    const controller = new AbortController();
    const seen: RunSnapshot[] = [];
    await watchRun(
      environment.client,
      { workflowId, runId: '' },
      {
        ...{ taskQueue, intervalMs: 10, signal: controller.signal },
        onSnapshot: (snapshot) => {
          if (seen.push(snapshot) === 3) controller.abort();
        },
      },
    );
    expect(seen.map(({ status, noWorker }) => [status, noWorker])).toEqual([
      ['RUNNING', true],
      ['RUNNING', true],
      ['RUNNING', true],
    ]);
  });
});
