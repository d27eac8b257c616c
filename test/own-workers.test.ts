// The two Workers that this package makes by itself, from code (`createFineTuneWorkers`) and as a command, against a development server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PayloadCodec } from '@temporalio/common';
import { SimplePlugin } from '@temporalio/plugin';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { evaluateAlone } from '../src/client.js';
import { createFineTuneWorkers } from '../src/index.js';
import { startTestServer } from './support/server.js';

const cli = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
let server: TestWorkflowEnvironment;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), 'own-workers-test-'));
});
afterAll(async () => {
  await server.teardown();
  await rm(folder, { recursive: true, force: true });
});

/** Neither model nor data are there: the first activity of either queue says so. */
const SPEC = { model: './nowhere', dataset: 'nowhere.jsonl' };

describe('createFineTuneWorkers', { timeout: 60_000 }, () => {
  it('takes plugins, which see the activities of both queues', async () => {
    const called: string[] = [];
    const noting: ActivityInterceptorsFactory = ({ info }) => ({
      inbound: {
        execute: (input, next) => {
          called.push(`${info.taskQueue}: ${info.activityType}`);
          return next(input);
        },
      },
    });
    const codec: PayloadCodec = { encode: async (payloads) => payloads, decode: async (payloads) => payloads };
    const decode = vi.spyOn(codec, 'decode');
    const plugin = new SimplePlugin({
      name: 'theirs',
      workerInterceptors: { activity: [noting] },
      dataConverter: { payloadCodecs: [codec] },
    });
    const workers = await createFineTuneWorkers({
      ...{ connection: server.nativeConnection, taskQueue: 'plugged', plugins: [plugin] },
      ...{ store: join(folder, 'store'), dataFolders: [folder] },
    });
    const running = workers.run();
    const workflow = { taskQueue: 'plugged', workflowId: 'plugged', args: [SPEC] };
    await expect(server.client.workflow.execute('fineTune', workflow)).rejects.toMatchObject({
      cause: { type: 'SourceNotFound' },
    });
    const evaluation = evaluateAlone(server.client, SPEC, { taskQueue: 'plugged' });
    await expect(evaluation).rejects.toMatchObject({ cause: { type: 'SourceNotFound' } });
    workers.shutdown();
    await running;
    expect(called).toEqual(['plugged: pinInputs', 'plugged-training: evaluate']);
    expect(decode).toHaveBeenCalled();
  });
});

describe('finetune worker', { timeout: 60_000 }, () => {
  it('trains alone, on the queue that it is told', async () => {
    const queue = 'big-machines';
    const words = ['worker', '--only', 'training', '--training-task-queue', queue, '--address', server.address];
    const worker = spawn(process.execPath, [cli, ...words], { cwd: folder, stdio: 'ignore' });
    const ended = once(worker, 'exit');
    const evaluation = evaluateAlone(server.client, SPEC, { trainingTaskQueue: queue });
    await expect(evaluation).rejects.toMatchObject({ cause: { type: 'SourceNotFound' } });
    worker.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
