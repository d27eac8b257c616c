import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TrainingFixture } from '../../test/support/training-fixture.js';
import type { PlanResult } from '../spec/preparation-stages.js';
import type { StageProgress } from '../spec/stages.js';
import type { Claimant } from '../spec/training-stages.js';
import { findCheckpoint, listCheckpoints, readManifest, type CheckpointContent } from './checkpoint.js';
import { claimLineage } from './claim.js';

const LINEAGE = 'a'.repeat(64);

let fixture: TrainingFixture;
let plan: PlanResult;
let undisturbed: Map<number, CheckpointContent>;

beforeAll(async () => {
  const calm = await TrainingFixture.create();
  await calm.train(await calm.plan(), 1);
  undisturbed = await contents(calm);
  await calm.remove();
});
beforeEach(async () => {
  fixture = await TrainingFixture.create();
  plan = await fixture.plan();
});
afterEach(() => fixture.remove());

const claimant = (scheduledMs: number, changes: Partial<Claimant> = {}): Claimant => ({
  workflow: 'default/run-a',
  activity: 'train-epoch-1',
  owner: `owner-${scheduledMs}`,
  attempt: 1,
  freshMs: 60_000,
  scheduledMs,
  ...changes,
});
const otherRun = (scheduledMs: number, changes: Partial<Claimant> = {}) =>
  claimant(scheduledMs, { workflow: 'default/run-b', ...changes });

/** Content of every checkpoint by step. */
async function contents({ store }: TrainingFixture): Promise<Map<number, CheckpointContent>> {
  const refs = (await listCheckpoints(store)).sort((a, b) => a.step - b.step);
  const manifests = await Promise.all(refs.map((ref) => readManifest(store, ref)));
  return new Map(manifests.map((manifest) => [manifest!.step, manifest!.content]));
}

/** Trains epoch 1 as an attempt. */
const train = (as: Claimant, options: Parameters<TrainingFixture['train']>[2] = {}) =>
  fixture.train(plan, 1, { claimant: as, claimPollMs: 2, ...options });
const take = (as: Claimant, onWait = () => Promise.resolve(false), signal = new AbortController().signal) =>
  claimLineage({ store: fixture.store, lineage: LINEAGE, claimant: as, signal, onWait, pollMs: 2 });

describe('a claim on a lineage', () => {
  it('goes to a newer attempt of the same activity at once, and stops the older one', async () => {
    const older = (await take(claimant(1000)))!;
    await older.demand();
    const newer = (await take(claimant(2000)))!;
    await newer.demand();
    await expect(older.demand()).rejects.toMatchObject({ type: 'StaleAttempt' });
    await newer.release();
    // An attempt that slept through all of it finds the mark that the newer one left.
    await expect(older.demand()).rejects.toMatchObject({ type: 'StaleAttempt' });
    await expect(take(claimant(1000))).rejects.toMatchObject({ type: 'StaleAttempt' });
  });

  it('orders attempts by the time as a number', async () => {
    const older = (await take(claimant(999)))!;
    await take(claimant(1000));
    await expect(older.demand()).rejects.toMatchObject({ type: 'StaleAttempt' });
  });

  it('makes another run wait until it is released, whichever attempt is newer', async () => {
    const first = (await take(claimant(2000)))!;
    let looks = 0;
    const second = await take(otherRun(1000), async () => {
      if (++looks === 3) await first.release();
      return false;
    });
    expect(looks).toBeGreaterThanOrEqual(3);
    expect(second).toBeDefined();
    await first.demand();
  });

  it('makes another activity of the same workflow wait too', async () => {
    await take(claimant(1000));
    expect(await take(claimant(2000, { activity: 'train-epoch-9' }), async () => true)).toBeUndefined();
  });

  it('counts no more when it was not touched for long', async () => {
    const first = (await take(claimant(1000)))!;
    const longAgo = new Date(Date.now() - 61_000);
    await utimes(join(fixture.folder, 'claims', LINEAGE, `${first.name}.json`), longAgo, longAgo);
    expect(await take(otherRun(2000), async () => true)).toBeDefined();
  });

  it('of before the clock was set back blocks nobody, neither another run nor a newer attempt', async () => {
    const before = (await take(claimant(9000)))!;
    const ahead = new Date(Date.now() + 3_600_000);
    const path = join(fixture.folder, 'claims', LINEAGE, `${before.name}.json`);
    await utimes(path, ahead, ahead);
    const newer = (await take(claimant(2000)))!;
    expect(newer).toBeDefined();
    // It would be the newest again when the clock has come so far.
    expect(await before.others()).toMatchObject([{ name: newer.name }]);
    await newer.demand();
    await newer.release();
    await before.write();
    await utimes(path, ahead, ahead);
    expect(await take(otherRun(1000), async () => true)).toBeDefined();
  });

  it('a little in the future, as clocks differ, counts as any other', async () => {
    const first = (await take(claimant(9000)))!;
    const ahead = new Date(Date.now() + 30_000);
    await utimes(join(fixture.folder, 'claims', LINEAGE, `${first.name}.json`), ahead, ahead);
    expect(await take(otherRun(1000), async () => true)).toBeUndefined();
    await expect(take(claimant(2000))).rejects.toMatchObject({ type: 'StaleAttempt' });
  });

  it('stays fresh while it is kept', async () => {
    const first = (await take(claimant(1000, { freshMs: 0 })))!;
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(fixture.folder, 'claims', LINEAGE, `${first.name}.json`), longAgo, longAgo);
    await first.keep();
    expect(await take(otherRun(2000), async () => true)).toBeUndefined();
  });

  it('goes to one of two that begin at once', async () => {
    const taken = await Promise.all([claimant(1000), otherRun(2000)].map((each) => take(each, async () => true)));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it('goes to one of two also when the older one is slow to write', async () => {
    const slow = Object.create(fixture.store) as typeof fixture.store;
    let younger: unknown;
    slow.putClaim = async (...claim) => {
      younger ??= await take(otherRun(2000), async () => true);
      return fixture.store.putClaim(...claim);
    };
    const options = { lineage: LINEAGE, claimant: claimant(1000), signal: new AbortController().signal, pollMs: 2 };
    expect(await claimLineage({ ...options, store: slow, onWait: async () => true })).toBeUndefined();
    expect(younger).toBeDefined();
  });

  it('is waited for only until the wait is given up', async () => {
    await take(claimant(1000));
    const controller = new AbortController();
    const waiting = take(
      otherRun(2000),
      async () => {
        controller.abort(new Error('the run was cancelled'));
        return false;
      },
      controller.signal,
    );
    await expect(waiting).rejects.toThrow('the run was cancelled');
  });
});

describe('two trainers on one lineage', () => {
  it('in one activity: the older attempt stops before its next checkpoint, and no byte differs', async () => {
    let newer: Promise<unknown> = Promise.resolve();
    const engines = fixture.engines({
      beforeStep: async (step) => {
        // While the older attempt is busy with a step, the server has given it up and a newer one trains the epoch.
        if (step === 2) await (newer = train(claimant(2000)));
      },
    });
    const older = train(claimant(1000), { engines });
    await expect(older).rejects.toMatchObject({ type: 'StaleAttempt' });
    expect(await newer).toMatchObject({ finished: true });
    expect(await contents(fixture)).toEqual(undisturbed);
  });

  it('in two runs: the second one trains nothing and uses the checkpoints of the first', async () => {
    const notes: StageProgress[] = [];
    let steps = 0;
    let second: Promise<unknown> = Promise.resolve();
    const engines = fixture.engines({
      beforeStep: async (step) => {
        if (step !== 1) return;
        const idle = fixture.engines({ beforeStep: () => void steps++ });
        second = train(otherRun(500), { engines: idle, onProgress: (progress) => notes.push(progress) });
        while (notes.length < 2) await new Promise((wake) => setTimeout(wake, 1));
      },
    });
    const first = await train(claimant(1000), { engines });
    expect(await second).toMatchObject({ checkpoint: first.checkpoint, finished: true });
    expect(steps).toBe(0);
    expect(notes[0]).toMatchObject({ stage: 'train', note: expect.stringMatching(/run-a trains the same: waiting/) });
  });

  it('in two runs: the second one goes on where the first one stopped', async () => {
    const controller = new AbortController();
    let second: Promise<unknown> = Promise.resolve();
    const reached: number[] = [];
    const engines = fixture.engines({
      beforeStep: (step) => {
        if (step !== 2) return;
        second = train(otherRun(2000), { engines: fixture.engines({ beforeStep: (at) => void reached.push(at) }) });
        controller.abort();
      },
    });
    const first = await train(claimant(1000), { engines, signal: controller.signal });
    expect(first.finished).toBe(false);
    expect(await second).toMatchObject({ finished: true });
    expect(reached[0]).toBe(first.checkpoint.step);
    expect(await contents(fixture)).toEqual(undisturbed);
  });

  it('forced, with no claim at all: whatever both write, no byte of a checkpoint differs', async () => {
    const turns = fixture.engines({ beforeStep: () => new Promise<void>((wake) => setImmediate(wake)) });
    const [one, two] = await Promise.all([fixture.train(plan, 1, { engines: turns }), fixture.train(plan, 1)]);
    expect(one.checkpoint).toEqual(two.checkpoint);
    expect([one.bitIdentical, two.bitIdentical]).toEqual([true, true]);
    const now = await contents(fixture);
    expect(now).toEqual(undisturbed);
    expect(await findCheckpoint(fixture.store, one.checkpoint)).toBeDefined();
  });
});
