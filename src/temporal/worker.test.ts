import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../test/support/server.js';
import { connectWorker, createFineTuneWorkers } from './worker.js';

let environment: TestWorkflowEnvironment;
let folder: string;
beforeAll(async () => {
  environment = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), 'worker-test-'));
});
afterAll(async () => {
  await environment?.teardown();
  await rm(folder, { recursive: true, force: true });
});

describe('a Worker that waits for a server', () => {
  it('ends its wait at once when it is asked to', async () => {
    const controller = new AbortController();
    let tries = 0;
    let aborted = 0;
    const waiting = connectWorker({
      ...{ address: '127.0.0.1:1', signal: controller.signal },
      onRetry: () => {
        // The pauses get longer: 0.5, 1, 2, 4 seconds.
        if (++tries < 4) return;
        aborted = performance.now();
        controller.abort();
      },
    });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - aborted).toBeLessThan(2000);
    expect(tries).toBe(4);
  });
});

describe('a Worker for training', () => {
  it('hears of a wish to stop within seconds, has a time of grace, and removes what dead processes left', async () => {
    const store = join(folder, 'store');
    await mkdir(join(store, 'tmp'), { recursive: true });
    const dead = `${hostname().replace(/[^A-Za-z0-9.-]/g, '_')}~99999999~1~0-blob`;
    const elsewhere = 'another-host~99999999~1~0-blob';
    for (const name of [dead, elsewhere]) await writeFile(join(store, 'tmp', name), 'torn');
    const { workers } = await createFineTuneWorkers({
      ...{ connection: environment.nativeConnection, store, dataFolders: [folder], only: 'training' },
    });
    expect(await readdir(join(store, 'tmp'))).toEqual([elsewhere]);
    expect(workers).toHaveLength(1);
    const { options } = workers[0]!;
    expect(options.maxHeartbeatThrottleInterval).toBeLessThanOrEqual(2500);
    expect(options.shutdownGraceTime).toBe(10_000);
    await workers[0]!.runUntil(Promise.resolve());
  });
});
