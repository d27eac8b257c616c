// A store whose disk fills up, turns read-only or goes away in the middle of training: told as an error that is tried again, nothing
// corrupted, and the bytes of an undisturbed run once it is back. The disk is a small one in memory, which needs root.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PlanResult } from '../src/spec/preparation-stages.js';
import { findCheckpoint, type CheckpointContent } from '../src/training/checkpoint.js';
import { TrainingFixture } from './support/training-fixture.js';

let undisturbed: CheckpointContent;
let disk: string;
let fixture: TrainingFixture;
let plan: PlanResult;

const canMount = (() => {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', tmpdir()], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();
const mount = (options: string) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'temporal-finetune-test', disk], { stdio: 'ignore' });

beforeAll(async () => {
  const calm = await TrainingFixture.create();
  undisturbed = await finalContent(calm, await calm.plan());
  await calm.remove();
});

async function finalContent(place: TrainingFixture, its: PlanResult): Promise<CheckpointContent> {
  await place.train(its, 1);
  const { checkpoint } = await place.train(its, 2);
  return (await findCheckpoint(place.store, checkpoint))!.content;
}

/** Trains epoch 1, and does something to the store during step 3. */
const trainWith = (trouble: () => Promise<void>) =>
  fixture.train(plan, 1, {
    engines: fixture.engines({ beforeStep: (step) => (step === 3 ? trouble() : undefined) }),
  });

describe.skipIf(!canMount)('a small disk of its own (needs root and mount)', () => {
  beforeEach(async () => {
    disk = await mkdtemp(join(tmpdir(), 'small-disk-'));
    mount('size=2m');
    fixture = await TrainingFixture.create({ within: disk });
    plan = await fixture.plan();
  });
  afterEach(async () => {
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  });

  it('that is full is told as NoDiskSpace; training goes on to the same bytes once there is space', async () => {
    const ballast = join(disk, 'ballast');
    const fill = async () => {
      const file = await open(ballast, 'w');
      const page = Buffer.alloc(4096);
      while ((await statfs(disk)).bfree > 1) await file.write(page);
      await file.close();
    };
    await expect(trainWith(fill)).rejects.toMatchObject({ type: 'NoDiskSpace' });
    // Still full: told again, and what was saved is not touched.
    await expect(fixture.train(plan, 1)).rejects.toMatchObject({ type: 'NoDiskSpace' });
    await rm(ballast);
    expect(await finalContent(fixture, plan)).toEqual(undisturbed);
    expect(await readdir(join(fixture.folder, 'tmp'))).toEqual([]);
    expect(await readdir(fixture.folder)).not.toContain('set-aside');
  });

  it('that turns read-only is told as StoreUnavailable; training goes on to the same bytes afterwards', async () => {
    await expect(trainWith(async () => void mount('remount,ro'))).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await expect(fixture.train(plan, 1)).rejects.toMatchObject({ type: 'StoreUnavailable' });
    mount('remount,rw');
    expect(await finalContent(fixture, plan)).toEqual(undisturbed);
    expect(await readdir(fixture.folder)).not.toContain('set-aside');
  });
});

describe('a store', () => {
  let parent: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'away-'));
    fixture = await TrainingFixture.create({ within: parent });
    plan = await fixture.plan();
  });
  afterEach(() => rm(parent, { recursive: true }));

  it('that goes away for a while is told as StoreUnavailable, and nothing is begun anew in its place', async () => {
    const away = `${fixture.folder}-away`;
    const unmount = async () => {
      await rename(fixture.folder, away);
      await mkdir(fixture.folder);
    };
    await expect(trainWith(unmount)).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await expect(fixture.train(plan, 1)).rejects.toMatchObject({ type: 'StoreUnavailable' });
    expect(await readdir(fixture.folder)).toEqual([]);
    await rm(fixture.folder, { recursive: true });
    await rename(away, fixture.folder);
    expect(await finalContent(fixture, plan)).toEqual(undisturbed);
  });
});
