// Heartbeats of two activities that share one trainer, with small times: the second waits for longer than silence is borne with.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Context } from '@temporalio/activity';
import { expect, it, vi } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { StageProgress } from '../src/spec/stages.js';
import { TrainerHost } from '../src/trainer/host.js';
import { startHeartbeat } from './heartbeat.js';

const trainerPath = fileURLToPath(new URL('../test/support/fake-trainer.js', import.meta.url));
const QUIET_MS = 400;

it('go on while the trainer works for another run for longer than a stage may be silent', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heartbeat-'));
  const { id: storeId } = await openLocalStore({ folder, create: true });
  const host = new TrainerHost({ storeFolder: folder, storeId, trainerPath, reportWaitEveryMs: 100 });
  const longEpoch = new AbortController();
  const call = (play: string, signal?: AbortSignal, onProgress?: (progress: StageProgress) => void) =>
    host.call('trainEpoch', { play } as never, { signal, onProgress });
  const first = call('until-stopped', longEpoch.signal);

  const heartbeat = vi.fn<(progress?: StageProgress) => void>();
  const activity = { info: { heartbeatTimeoutMs: 60 }, heartbeat, log: { warn: vi.fn() } } as unknown as Context;
  const beats = startHeartbeat({ activity, quietMs: QUIET_MS });
  const second = call('echo', undefined, (progress) => beats.report(progress));
  await sleep(3 * QUIET_MS);
  heartbeat.mockClear();
  await sleep(QUIET_MS / 2);
  expect(heartbeat.mock.lastCall?.[0]).toMatchObject({ stage: 'train', note: expect.stringContaining('waiting') });
  longEpoch.abort();
  await Promise.all([first, second]);
  beats.stop();
  await host.close();
  await rm(folder, { recursive: true, force: true });
});
