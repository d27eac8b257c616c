// The plugin in Workers of somebody else, against a development server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker, bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FineTunePlugin } from '../src/index.js';
import { startTestServer } from './support/server.js';

const workflowsPath = fileURLToPath(new URL('./support/other-workflows.ts', import.meta.url));
let server: TestWorkflowEnvironment;
let store: string;

beforeAll(async () => {
  server = await startTestServer();
  store = await mkdtemp(join(tmpdir(), 'plugin-test-'));
});
afterAll(async () => {
  await server.teardown();
  await rm(store, { recursive: true, force: true });
});

/** What becomes of a workflow of each kind on a queue. */
async function outcomes(taskQueue: string): Promise<Record<string, unknown>> {
  const run = (type: string, args: unknown[]) =>
    server.client.workflow
      .execute(type, { taskQueue, workflowId: `${taskQueue}-${type}`, args, workflowExecutionTimeout: '30 s' })
      .catch((error: { cause?: { type?: string } }) => error.cause?.type);
  return {
    greet: await run('greet', ['you']),
    unknown: await run('unknown', []),
    // Without a spec the run fails and says what it needs: so the workflow is there.
    fineTune: await run('fineTune', []),
  };
}

/** Who polls a queue for activities. */
async function pollersOf(taskQueue: string): Promise<unknown[]> {
  const { pollers } = await server.client.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: taskQueue },
    taskQueueType: 2,
  });
  return (pollers ?? []).map(({ identity }) => identity);
}

async function firstPollers(taskQueue: string): Promise<unknown[]> {
  for (let turn = 0; turn < 200; turn++) {
    const found = await pollersOf(taskQueue);
    if (found.length > 0) return found;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return [];
}

const BOTH = { greet: 'hello you', unknown: 'handled by default', fineTune: 'InvalidSpec' };

describe('FineTunePlugin', { timeout: 180_000 }, () => {
  it("adds its workflows to the user's, also when it stands on the connection and on the Worker at once", async () => {
    const plugin = new FineTunePlugin({ store });
    const connection = await NativeConnection.connect({ address: server.address, plugins: [plugin] });
    const worker = await Worker.create({ connection, taskQueue: 'theirs', workflowsPath, plugins: [plugin] });
    const [trainers, found] = await worker.runUntil(() =>
      Promise.all([firstPollers('theirs-training'), outcomes('theirs')]),
    );
    expect(found).toEqual(BOTH);
    // One slot for training beside the Worker, and none beside that one.
    expect(trainers).toEqual([expect.stringMatching(/^trainer@/)]);
    expect(await pollersOf('theirs-training-training')).toEqual([]);
    expect(worker.getState()).toBe('STOPPED');
    await connection.close();
  });

  it('is enough for a Worker that has nothing else', async () => {
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue: 'alone',
      plugins: [new FineTunePlugin({ store })],
    });
    const fineTune = () =>
      server.client.workflow.execute('fineTune', { taskQueue: 'alone', workflowId: 'alone', args: [] });
    await expect(worker.runUntil(fineTune)).rejects.toMatchObject({ cause: { type: 'InvalidSpec' } });
  });

  it('adds no workflows to a Worker with activities alone, which may share its queue', async () => {
    const plugin = new FineTunePlugin({ store });
    const options = plugin.configureWorker({ taskQueue: 'q', activities: { own: () => Promise.resolve() } });
    expect(options.workflowsPath).toBeUndefined();
    expect(Object.keys(options.activities ?? {})).toEqual(expect.arrayContaining(['own', 'trainEpoch', 'pinInputs']));
  });

  it('works in a bundle that is built beforehand', async () => {
    const plugin = new FineTunePlugin({ store, trainingWorker: false });
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath,
      plugins: [plugin],
      logger: new DefaultLogger('ERROR'),
    });
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue: 'bundled',
      workflowBundle,
      plugins: [plugin],
    });
    expect(await worker.runUntil(outcomes('bundled'))).toEqual(BOTH);
  });
});
