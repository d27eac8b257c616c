import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MACHINE, TrainingFixture, trainingSpec } from '../../test/support/training-fixture.js';
import type { PlanResult } from '../spec/preparation-stages.js';
import type { CheckpointRef } from '../spec/stages.js';
import { findCheckpoint, newestCheckpoint, readState, type CheckpointContent } from './checkpoint.js';
import { getHistory } from './loss-history.js';
import { COLUMNS_THAT_AGREE, THREADS_THAT_AGREE } from './numerics.js';

let fixture: TrainingFixture;
let plan: PlanResult;
/** Steps of one epoch, and what an undisturbed run of two epochs ends with. */
let steps: number;
let undisturbed: CheckpointContent;

beforeAll(async () => {
  const calm = await TrainingFixture.create();
  plan = await calm.plan();
  steps = plan.stepsPerEpoch[0]!;
  await calm.train(plan, 1);
  undisturbed = await contentOf(calm, (await calm.train(plan, 2)).checkpoint);
  await calm.remove();
});

/** A place of its own for each test, or the undisturbed run's checkpoints would be found. */
beforeEach(async () => {
  fixture = await TrainingFixture.create();
  plan = await fixture.plan();
});

afterEach(() => fixture.remove());

async function contentOf({ store }: TrainingFixture, ref: CheckpointRef): Promise<CheckpointContent> {
  return (await findCheckpoint(store, ref))!.content;
}

/** A signal that aborts, and engines that pull it, before the given step. */
function stopAt(
  step: number,
  options: { dimension?: number } = {},
): { signal: AbortSignal; engines: ReturnType<TrainingFixture['engines']> } {
  const controller = new AbortController();
  const engines = fixture.engines({ ...options, beforeStep: (at) => at === step && controller.abort() });
  return { signal: controller.signal, engines };
}

/** Engines that take the process down, as far as training can tell, before the given step. */
function dieAt(step: number): ReturnType<TrainingFixture['engines']> {
  return fixture.engines({
    beforeStep: (at) => {
      if (at === step) throw new Error('the process is gone');
    },
  });
}

describe('trainEpoch', () => {
  it('trains: the loss falls, and every step is reported with loss, rate, epoch and ETA', async () => {
    const first = await fixture.train(plan, 1);
    const second = await fixture.train(plan, 2);
    expect(first).toMatchObject({ epoch: 1, finished: true, bitIdentical: true, warnings: [] });
    expect(second.checkpoint.step).toBe(plan.totalSteps);
    expect(second.meanLoss).toBeLessThan(first.meanLoss);
    expect(second.pairs).toBeGreaterThan(10);
  });

  it('makes the same bytes in one process that stays warm as in a new one for each epoch', async () => {
    const engines = fixture.engines();
    await fixture.train(plan, 1, { engines });
    const { checkpoint } = await fixture.train(plan, 2, { engines });
    expect(await contentOf(fixture, checkpoint)).toEqual(undisturbed);
  });

  it('saves and returns when it is asked to stop at any step, and goes on to the same bytes', async () => {
    for (let step = 0; step < plan.totalSteps; step++) {
      const place = await TrainingFixture.create();
      await place.plan();
      const epoch = step < steps ? 1 : 2;
      const result = await place.train(plan, epoch, stopAt(step));
      // The step during which the wish came is still made.
      expect(result).toMatchObject({ checkpoint: { step: step + 1 }, finished: step + 1 === epoch * steps });
      await place.train(plan, 1);
      const { checkpoint } = await place.train(plan, 2);
      expect(await contentOf(place, checkpoint), `stopped at step ${step}`).toEqual(undisturbed);
      await place.remove();
    }
  });

  it('lets messages in between two steps, so that a wish to stop is heard', async () => {
    const controller = new AbortController();
    const engines = fixture.engines({ beforeStep: (at) => at === 1 && setImmediate(() => controller.abort()) });
    // Nothing is saved meanwhile, which would let them in as well.
    const training = trainingSpec({ checkpointEverySeconds: 3600 });
    const result = await fixture.train(plan, 1, { engines, signal: controller.signal, training });
    expect(result).toMatchObject({ checkpoint: { step: 2 }, finished: false });
  });

  it('stops before the first step with a checkpoint of the untrained state', async () => {
    const result = await fixture.train(plan, 1, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ finished: false, checkpoint: { step: 0 } });
    await fixture.train(plan, 1);
    expect(await contentOf(fixture, (await fixture.train(plan, 2)).checkpoint)).toEqual(undisturbed);
  });

  it('loses a process at any step and goes on to the same bytes', async () => {
    for (let step = 0; step < plan.totalSteps; step++) {
      const place = await TrainingFixture.create();
      await place.plan();
      const engines = dieAt(step);
      const epoch = step < steps ? 1 : 2;
      if (epoch === 2) await place.train(plan, 1, { engines });
      await expect(place.train(plan, epoch, { engines })).rejects.toThrow('the process is gone');
      const reached: number[] = [];
      const next = place.engines({ beforeStep: (at) => void reached.push(at) });
      await place.train(plan, 1, { engines: next });
      const { checkpoint } = await place.train(plan, 2, { engines: next });
      // It goes on with the step that was lost: those before it were saved.
      expect(reached[0]).toBe(step);
      expect(await contentOf(place, checkpoint), `died at step ${step}`).toEqual(undisturbed);
      await place.remove();
    }
  });

  it('returns at once, without an engine, when the epoch is done already', async () => {
    const first = await fixture.train(plan, 1);
    const again = await fixture.train(plan, 1, { engines: dieAt(0) });
    expect(again).toEqual({ ...first, seconds: again.seconds, peakMemoryMb: again.peakMemoryMb });
    await fixture.train(plan, 2);
    expect((await fixture.train(plan, 1, { engines: dieAt(0) })).checkpoint).toEqual(first.checkpoint);
  });

  it('counts the pairs of an epoch that ended early alike when it trains and when it is done already', async () => {
    const first = await fixture.train(plan, 1, { untilStep: 1 });
    expect(first).toMatchObject({ checkpoint: { step: 1 }, finished: false, pairs: 4 });
    const again = await fixture.train(plan, 1, { untilStep: 1, engines: dieAt(0) });
    expect(again).toEqual({ ...first, seconds: again.seconds, peakMemoryMb: again.peakMemoryMb });
    await fixture.train(plan, 1);
    const inNext = { untilStep: steps + 1 };
    const second = await fixture.train(plan, 2, inNext);
    expect(second.pairs).toBeLessThan(5);
    expect((await fixture.train(plan, 2, { ...inNext, engines: dieAt(0) })).pairs).toBe(second.pairs);
  });

  it('trains earlier epochs too when their checkpoints are gone', async () => {
    const { checkpoint } = await fixture.train(plan, 2);
    expect(await contentOf(fixture, checkpoint)).toEqual(undisturbed);
  });

  it('sets a damaged checkpoint aside with its reason and goes on from the one before', async () => {
    await expect(fixture.train(plan, 1, { engines: dieAt(3) })).rejects.toThrow();
    const newest = (await newestCheckpoint(fixture.store, plan.lineage))!;
    expect(newest.step).toBe(3);
    await truncate(await fixture.store.blobPath(newest.content.m), 100);
    const reached: number[] = [];
    await fixture.train(plan, 1, { engines: fixture.engines({ beforeStep: (step) => void reached.push(step) }) });
    expect(reached[0]).toBe(2);
    expect(await readdir(join(fixture.folder, 'set-aside'))).not.toHaveLength(0);
    expect(await contentOf(fixture, (await fixture.train(plan, 2)).checkpoint)).toEqual(undisturbed);
  });

  it.each(['weights', 'm', 'v', 'state', 'history'] as const)(
    'sets a checkpoint aside whose %s have a flipped byte, are cut short or gone',
    async (part) => {
      const flip = async (path: string): Promise<void> => {
        const bytes = await readFile(path);
        bytes[bytes.length >> 1]! ^= 1;
        await writeFile(path, bytes);
      };
      for (const damage of [flip, (path: string) => truncate(path, 10), (path: string) => rm(path)]) {
        const place = await TrainingFixture.create();
        await place.plan();
        await expect(place.train(plan, 1, { engines: dieAt(3) })).rejects.toThrow();
        const newest = (await newestCheckpoint(place.store, plan.lineage))!;
        const { history } = await readState(place.store, newest);
        const blob = part === 'history' ? [history['1']!].flat()[0]! : newest.content[part];
        await damage(await place.store.blobPath(blob));
        const reached: number[] = [];
        const later = await place.reopen();
        await later.train(plan, 1, { engines: later.engines({ beforeStep: (step) => void reached.push(step) }) });
        expect(reached[0]).toBe(2);
        expect(await contentOf(later, (await later.train(plan, 2)).checkpoint)).toEqual(undisturbed);
        await place.remove();
      }
    },
  );

  it('starts over from the base model when no checkpoint is whole', async () => {
    await expect(fixture.train(plan, 1, { engines: dieAt(2) })).rejects.toThrow();
    await rm(join(fixture.folder, 'records', 'checkpoint'), { recursive: true });
    await fixture.train(plan, 1);
    expect(await contentOf(fixture, (await fixture.train(plan, 2)).checkpoint)).toEqual(undisturbed);
  });

  it('never looks at another lineage', async () => {
    const training = trainingSpec({ learningRate: 0.01 });
    const other = await fixture.plan(training);
    expect(other.lineage).not.toBe(plan.lineage);
    await fixture.train(other, 1, { training });
    await fixture.train(plan, 1);
    expect(await contentOf(fixture, (await fixture.train(plan, 2)).checkpoint)).toEqual(undisturbed);
  });

  it('goes on from the checkpoint that stands when another writer was first, and says so', async () => {
    // A machine of another kind goes on from our step 2 and ends the epoch while we are still busy with that step.
    const drifting = fixture.engines({ drift: 1e-5 });
    const engines = fixture.engines({
      beforeStep: async (step) => {
        if (step === 2) await fixture.train(plan, 1, { engines: drifting });
      },
    });
    const result = await fixture.train(plan, 1, { engines });
    expect(result.bitIdentical).toBe(false);
    expect(result.warnings.join()).toMatch(/Another writer/);
    expect(result.finished).toBe(true);
    const { checkpoint } = await fixture.train(plan, 2);
    expect(await contentOf(fixture, checkpoint)).not.toEqual(undisturbed);
  });

  it('says when it goes on from a checkpoint of another kind of machine', async () => {
    await fixture.train(plan, 1, stopAt(1));
    const here = { ...MACHINE, instructionSet: 'other' };
    const first = await fixture.train(plan, 1, { machine: here });
    expect(first.bitIdentical).toBe(false);
    expect(first.warnings.join()).toMatch(/instructionSet was test, is other here/);
    // And so does every epoch after it, on any machine.
    expect((await fixture.train(plan, 2, { machine: here })).bitIdentical).toBe(false);
    expect((await fixture.train(plan, 2, { machine: here })).bitIdentical).toBe(false);
  });

  it('tells the difference with every later epoch too, also when that is done already', async () => {
    await fixture.train(plan, 1, stopAt(1));
    await fixture.train(plan, 1, { machine: { ...MACHINE, onnxRuntime: '2' } });
    const again = await fixture.train(plan, 1, { engines: dieAt(0) });
    expect(again.bitIdentical).toBe(false);
    expect(again.warnings.join()).toMatch(/onnxRuntime was 0, is 2 here/);
  });

  it('waits for a like machine when the same numerics are required', async () => {
    const training = trainingSpec({ sameNumerics: 'require' });
    await fixture.train(plan, 1, { training, ...stopAt(1) });
    const before = await findCheckpoint(fixture.store, { lineage: plan.lineage, step: 2 });
    const machine = { ...MACHINE, instructionSet: 'other' };
    await expect(fixture.train(plan, 1, { training, machine, engines: dieAt(0) })).rejects.toMatchObject({
      type: 'OtherMachine',
      message: expect.stringMatching(/instructionSet was test, is other here.*waits for a Worker on a like machine/s),
    });
    expect(await findCheckpoint(fixture.store, { lineage: plan.lineage, step: 2 })).toEqual(before);
    const { bitIdentical } = await fixture.train(plan, 1, { training });
    expect(bitIdentical).toBe(true);
    expect(await contentOf(fixture, (await fixture.train(plan, 2, { training })).checkpoint)).toEqual(undisturbed);
  });

  it('does not care how many threads the other machine had, up to those that give the same bits', async () => {
    const wide = { dimension: THREADS_THAT_AGREE * COLUMNS_THAT_AGREE };
    await fixture.train(plan, 1, stopAt(1, wide));
    const machine = { ...MACHINE, threads: THREADS_THAT_AGREE };
    expect((await fixture.train(plan, 1, { ...stopAt(2, wide), machine })).bitIdentical).toBe(true);
    const engines = fixture.engines(wide);
    const { bitIdentical, warnings } = await fixture.train(plan, 1, { engines, machine: { ...MACHINE, threads: 64 } });
    expect(bitIdentical).toBe(false);
    expect(warnings).toEqual([expect.stringContaining('threads was 4, is 64 here')]);
  });

  it('ends with NonFiniteLoss when the loss is not a number, and keeps the last good checkpoint', async () => {
    const engines = fixture.engines({ spoil: (step) => (step === 3 ? NaN : 1) });
    await expect(fixture.train(plan, 1, { engines })).rejects.toMatchObject({
      type: 'NonFiniteLoss',
      message: expect.stringMatching(/loss is NaN at step 3 .*checkpoint, of step 3, is kept/),
    });
    expect((await newestCheckpoint(fixture.store, plan.lineage))?.step).toBe(3);
  });

  it('keeps loss, rate and gradient norm of every step, and gradient histograms once an epoch', async () => {
    await fixture.train(plan, 1, stopAt(2));
    await fixture.train(plan, 1);
    const { checkpoint } = await fixture.train(plan, 2);
    const { history } = await readState(fixture.store, (await findCheckpoint(fixture.store, checkpoint))!);
    const epochs = [await getHistory(fixture.store, history['1']!), await getHistory(fixture.store, history['2']!)];
    expect(epochs.flatMap((epoch) => epoch.steps.map(({ step }) => step))).toEqual(
      Array.from({ length: plan.totalSteps }, (_, step) => step),
    );
    for (const { gradientHistograms } of epochs) {
      expect(Object.keys(gradientHistograms!)).toEqual(['embeddings', 'encoder.layer.0.bias']);
      expect(gradientHistograms!.embeddings).toMatchObject({ count: 60 * 8 });
    }
  });
});
