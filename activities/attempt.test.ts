// What an attempt knows of itself, and what the server's answer before a checkpoint means. The trainer is a play one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActivityNotFoundError, ActivityPausedError, ServiceError, type Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { Claimant } from '../src/spec/training-stages.js';
import { claimantOf } from './attempt.js';
import { createActivities, TrainerPool, type WorkerSettings } from './index.js';

let folder: string;
let settings: WorkerSettings;
let trainers: TrainerPool;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attempt-'));
  const trainerPath = fileURLToPath(new URL('../test/support/fake-trainer.js', import.meta.url));
  settings = { store: join(folder, 'store'), dataFolders: [folder], trainerPath };
  trainers = new TrainerPool(settings);
});
afterEach(async () => {
  await trainers.close();
  await rm(folder, { recursive: true, force: true });
});

/** Trains by play on a server whose answer to a direct heartbeat is given. */
async function train(play: string, answer: () => void): Promise<{ finished: boolean; claimant: Claimant }> {
  const { id: storeId } = await openLocalStore({ folder: settings.store, create: true });
  const withAbortSignal = (_signal: unknown, run: () => unknown) => run();
  const client = { withAbortSignal, activity: { heartbeat: async () => answer() } } as unknown as Client;
  const info = { heartbeatTimeoutMs: 3000, currentAttemptScheduledTimestampMs: 1234, activityId: 'train-epoch-7' };
  const environment = new MockActivityEnvironment(info, { client, logger: new DefaultLogger('ERROR') });
  const activities = createActivities(settings, trainers);
  return environment.run(activities.trainEpoch as never, { storeId, play } as never);
}

describe('an attempt of training', () => {
  it('names itself by the server’s time for it, the activity, and a hash of its task token', async () => {
    const { claimant } = await train('checkpoint', () => undefined);
    expect(claimant).toMatchObject({ activity: 'train-epoch-7', scheduledMs: 1234, freshMs: 6000 });
    expect(claimant.owner).toMatch(/^[0-9a-f]{16}$/);
  });

  it('has another owner for another task token', () => {
    const info = (token: number) =>
      ({ info: { taskToken: Uint8Array.of(token), namespace: 'n', activityId: 'a' } }) as never;
    expect(claimantOf(info(1)).owner).not.toBe(claimantOf(info(2)).owner);
  });

  it('saves and stops when the server does not know it any more at a checkpoint', async () => {
    const unknown = () => {
      throw new ActivityNotFoundError('gone');
    };
    await expect(train('checkpoint-until-stopped', unknown)).rejects.toMatchObject({ type: 'StaleAttempt' });
  });

  it.each([
    ['cannot be reached', new ServiceError('UNAVAILABLE')],
    ['has it paused, which ordinary heartbeats tell', new ActivityPausedError('paused')],
  ])('goes on when the server %s', async (_what, error) => {
    let asked = 0;
    const answer = () => {
      asked++;
      throw error;
    };
    expect(await train('checkpoint', answer)).toMatchObject({ finished: true });
    expect(asked).toBe(1);
  });
});
