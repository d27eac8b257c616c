// A change of a running training: the new segment's weights, its schedule, its name.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../test/support/read-checkpoint.js';
import { TrainingFixture, trainingSpec } from '../../test/support/training-fixture.js';
import { readArtifact } from '../artifacts/artifact.js';
import type { TrainingSpec } from '../spec/spec.js';
import type { PlanResult } from '../spec/preparation-stages.js';
import type { CheckpointRef } from '../spec/stages.js';
import type { OpenSegmentInput } from '../spec/training-stages.js';
import { findCheckpoint, readState, type CheckpointContent } from './checkpoint.js';
import { getHistory } from './loss-history.js';
import type { TrainingPlan } from './plan.js';
import { learningRateAt } from './schedule.js';
import { openSegment, scheduleOf } from './segment.js';

let fixture: TrainingFixture;
let plan: PlanResult;
beforeEach(async () => {
  fixture = await TrainingFixture.create();
  plan = await fixture.plan();
});
afterEach(() => fixture.remove());

const contentOf = async (place: TrainingFixture, ref: CheckpointRef): Promise<CheckpointContent> =>
  (await findCheckpoint(place.store, ref))!.content;

/** Trains to the given step of epoch 1 and opens a segment from there, as the workflow does. */
async function change(
  place: TrainingFixture,
  training: TrainingSpec,
  { step = 2, ...input }: Partial<OpenSegmentInput> & { step?: number } = {},
): Promise<{ segment: PlanResult; parent: CheckpointRef }> {
  const before = await place.plan();
  const { checkpoint: parent, finished } = await place.train(before, 1, { untilStep: step });
  expect([parent.step, finished]).toEqual([step, false]);
  const opened = await openSegment(
    {
      ...{ storeId: place.store.id, model: place.model, tokens: before.tokens, plan: before.plan, training },
      from: { checkpoint: parent },
      ...input,
    },
    place.context(),
  );
  return { segment: { ...before, ...opened }, parent };
}

describe('a segment', () => {
  const faster = trainingSpec({ learningRate: 0.05 });

  it('goes on from the checkpoint under a name of its own, and leaves the old one alone', async () => {
    const { segment, parent } = await change(fixture, faster);
    expect(segment.lineage).not.toBe(plan.lineage);
    const { checkpoint } = await fixture.train(segment, 1, { training: faster });
    const changed = await contentOf(fixture, checkpoint);
    const unchanged = (await fixture.train(plan, 1)).checkpoint;
    expect(unchanged.lineage).toBe(parent.lineage);
    expect(changed.weights.sha256).not.toBe((await contentOf(fixture, unchanged)).weights.sha256);
  });

  it('has the weights that the same steps at the new rate give by hand', async () => {
    const { segment, parent } = await change(fixture, faster);
    const { checkpoint } = await fixture.train(segment, 1, { training: faster, untilStep: 3 });
    const { facts } = await readArtifact<TrainingPlan>(fixture.store, segment.plan);
    const rate = learningRateAt(scheduleOf(facts, faster), 2);
    expect(rate).toBeCloseTo(2.5 * learningRateAt(scheduleOf(facts, trainingSpec()), 2), 12);

    const [before, after] = [
      await readCheckpoint(fixture.store, parent),
      await readCheckpoint(fixture.store, checkpoint),
    ];
    for (const [name, weights] of before.weights) {
      const [m, v] = [after.moments.m.get(name)!, after.moments.v.get(name)!];
      weights.forEach((weight, i) => {
        // AdamW at step 3, bias corrections from the step number, decay 0.01.
        const decayed = name.includes('bias') ? weight : weight * (1 - rate * 0.01);
        const expected = decayed - (rate * (m[i]! / (1 - 0.9 ** 3))) / (Math.sqrt(v[i]! / (1 - 0.999 ** 3)) + 1e-8);
        expect(after.weights.get(name)![i]!).toBeCloseTo(expected, 5);
      });
    }
  });

  it('ends with the same bytes wherever it was stopped or died, and in another store', async () => {
    const { segment } = await change(fixture, faster);
    await fixture.train(segment, 1, { training: faster });
    const { checkpoint } = await fixture.train(segment, 2, { training: faster });
    const undisturbed = await contentOf(fixture, checkpoint);
    for (let stop = 3; stop < plan.totalSteps; stop++) {
      const place = await TrainingFixture.create();
      const again = await change(place, faster);
      expect(again.segment.lineage).toBe(segment.lineage);
      const engines = place.engines({
        beforeStep: (step) => {
          if (step === stop) throw new Error('the process is gone');
        },
      });
      await place.train(again.segment, 2, { training: faster, engines }).catch(() => undefined);
      const result = await place.train(again.segment, 2, { training: faster });
      expect(await contentOf(place, result.checkpoint), `died at step ${stop}`).toEqual(undisturbed);
      await place.remove();
    }
  });

  it('carries the loss history of the steps before it', async () => {
    const { segment } = await change(fixture, faster);
    const { checkpoint, losses } = await fixture.train(segment, 1, { training: faster });
    const { history } = await readState(fixture.store, (await findCheckpoint(fixture.store, checkpoint))!);
    const { steps } = await getHistory(fixture.store, history['1']!);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: checkpoint.step }, (_, step) => step));
    expect(losses?.map(([step]) => step)).toEqual(steps.map(({ step }) => step + 1));
  });

  it('saves under its own name when it is stopped before its first step', async () => {
    const { segment } = await change(fixture, faster);
    const result = await fixture.train(segment, 1, { training: faster, signal: AbortSignal.abort() });
    expect(result).toMatchObject({ finished: false, checkpoint: { lineage: segment.lineage, step: 2 } });
    expect(await findCheckpoint(fixture.store, result.checkpoint)).toBeDefined();
  });

  it('that is longer has more epochs, the warm-up that was planned, and falls to zero at its own end', async () => {
    const longer = trainingSpec({ epochs: 4, warmupRatio: 0.3 });
    const { facts: planned } = await readArtifact<TrainingPlan>(fixture.store, plan.plan);
    const { segment } = await change(fixture, longer);
    const { facts } = await readArtifact<TrainingPlan>(fixture.store, segment.plan);
    expect(facts.stepsPerEpoch).toHaveLength(4);
    expect(facts.stepsPerEpoch.slice(0, 2)).toEqual(planned.stepsPerEpoch);
    expect(segment.totalSteps).toBe(facts.totalSteps);
    const schedule = scheduleOf(facts, longer);
    expect(schedule.warmupSteps).toBe(Math.ceil(plan.totalSteps * 0.3));
    expect(learningRateAt(schedule, facts.totalSteps)).toBe(0);
    expect(learningRateAt(schedule, plan.totalSteps)).toBeGreaterThan(0);
    const { checkpoint } = await fixture.train(segment, 4, { training: longer });
    expect(checkpoint.step).toBe(facts.totalSteps);
  });

  it('that begins with the base model is the training that was planned so from the start', async () => {
    const { segment } = await change(fixture, faster, { from: { base: true } });
    expect(segment).toMatchObject({ lineage: (await fixture.plan(faster)).lineage });
    expect(segment).not.toHaveProperty('parent');
  });

  it('finds the newest checkpoint of the segment before, none later than the epoch, when none is named', async () => {
    await fixture.train(plan, 1);
    await fixture.train(plan, 2);
    const { segment } = await change(fixture, faster, { from: { epoch: 1 } });
    expect(segment).toMatchObject({ parent: { lineage: plan.lineage, step: plan.stepsPerEpoch[0] } });
    const { checkpoint, finished } = await fixture.train(segment, 1, { training: faster });
    expect([checkpoint, finished]).toEqual([{ lineage: segment.lineage, step: plan.stepsPerEpoch[0] }, true]);
  });

  it('without a checkpoint of the segment before begins where that one began', async () => {
    const first = await change(fixture, faster);
    const second = await openSegment(
      {
        ...{ storeId: fixture.store.id, model: fixture.model, tokens: plan.tokens, plan: first.segment.plan },
        ...{ training: trainingSpec({ learningRate: 0.01 }), from: { epoch: 1 } },
      },
      fixture.context(),
    );
    expect(second.parent).toEqual(first.parent);
  });

  it('has smaller micro-batches under another name', async () => {
    const { segment } = await change(fixture, trainingSpec(), { microBatchSize: 2 });
    expect(segment.microBatchSize).toBe(2);
    expect(segment.lineage).not.toBe(plan.lineage);
  });

  it('refuses fewer epochs than are done', async () => {
    await fixture.train(plan, 2);
    const from = { checkpoint: { lineage: plan.lineage, step: plan.totalSteps } };
    await expect(change(fixture, trainingSpec({ epochs: 1 }), { from })).rejects.toMatchObject({
      type: 'InvalidSpec',
      message: expect.stringMatching(/1 epochs have \d+ steps, and \d+ are done/),
    });
  });
});
