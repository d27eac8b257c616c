import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MACHINE, TrainingFixture, trainingSpec } from '../../test/support/training-fixture.js';
import { DamagedError } from '../artifacts/store.js';
import type { PlanResult } from '../spec/preparation-stages.js';
import type { CheckpointRef } from '../spec/stages.js';
import { readArtifact } from '../artifacts/artifact.js';
import { recordRoot } from '../artifacts/run-root.js';
import { courseOf } from './course.js';
import { longestStepMs } from './estimate.js';
import type { TrainingPlan } from './plan.js';
import { findCheckpoint, listCheckpoints, newestCheckpoint, type CheckpointContent } from './checkpoint.js';
import { plannedRoot, segmentRoot } from './run-root.js';
import { openSegment } from './segment.js';
import { trainOn, withTensors, type TrainEpochContext } from './training-loop.js';

const training = trainingSpec({ epochs: 5 });
let fixture: TrainingFixture;
let plan: PlanResult;
/** Steps of an epoch, and what each epoch ended with when it was trained. */
let steps: number;
let first: CheckpointContent[];
beforeEach(async () => {
  fixture = await TrainingFixture.create();
  plan = await fixture.plan(training);
  await noteHow();
  steps = plan.stepsPerEpoch[0]!;
  first = [];
  for (let epoch = 1; epoch <= 5; epoch++) {
    const { checkpoint } = await fixture.train(plan, epoch, { training, chosen: at(2 * steps) });
    first.push((await findCheckpoint(fixture.store, checkpoint))!.content);
  }
});
afterEach(() => fixture.remove());

const at = (step: number, lineage = plan.lineage): CheckpointRef => ({ lineage, step });
const planInput = () => ({
  ...{ storeId: fixture.store.id, model: fixture.model, retrieval: fixture.retrieval },
  spec: { prompts: {}, training },
});
const noteHow = () => recordRoot(fixture.store, plannedRoot(planInput(), plan));

/** Surroundings that note the steps that are made. */
function surroundings({ stopBefore = Infinity } = {}): TrainEpochContext &
  ReturnType<TrainingFixture['context']> & { made: number[] } {
  const made: number[] = [];
  const controller = new AbortController();
  const beforeStep = (step: number): void => {
    if (step === stopBefore) controller.abort();
    made.push(step);
  };
  const engines = fixture.engines({ beforeStep });
  return { ...fixture.context(controller.signal), engines, machine: MACHINE, made };
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('tensors that retention removed', () => {
  it('are made again bit for bit, from the newest ancestor that has them', async () => {
    expect(await findCheckpoint(fixture.store, at(3 * steps))).toBeUndefined();
    const context = surroundings();
    expect((await withTensors(at(3 * steps), context)).content).toEqual(first[2]);
    expect(context.made).toEqual(range(2 * steps, 3 * steps));
    expect(context.warned).toEqual([]);
  });

  it('are made again from the base model where no ancestor has any, and inside an epoch too', async () => {
    const context = surroundings();
    expect((await withTensors(at(steps), context)).content).toEqual(first[0]);
    expect(context.made).toEqual(range(0, steps));
    const inside = surroundings();
    expect(await withTensors(at(steps + 1), inside)).toMatchObject(at(steps + 1));
    expect(inside.made).toEqual([steps]);
  });

  it('are not missed where they are not needed: the epoch is done, and returns at once', async () => {
    const { made, engines } = surroundings();
    const result = await fixture.train(plan, 3, { training, engines });
    expect(result).toMatchObject({ checkpoint: at(3 * steps), finished: true });
    expect(made).toEqual([]);
    expect(await findCheckpoint(fixture.store, at(3 * steps))).toBeUndefined();
  });

  it('are made again for a segment that goes on from there, over two segments too', async () => {
    const { store, model } = fixture;
    const changed = trainingSpec({ epochs: 5, learningRate: 0.01 });
    const input = { storeId: store.id, model, tokens: plan.tokens, plan: plan.plan, training: changed };
    const opened = await openSegment({ ...input, from: { checkpoint: at(steps) } }, fixture.context());
    await recordRoot(store, segmentRoot({ ...input, from: { checkpoint: at(steps) } }, opened));
    const segment = { ...plan, ...opened };
    const context = surroundings();
    await fixture.train(segment, 2, { training: changed, engines: context.engines });
    expect(context.made).toEqual(range(0, 2 * steps));
    expect((await findCheckpoint(store, at(steps)))?.content).toEqual(first[0]);
    expect((await newestCheckpoint(store, opened.lineage))?.step).toBe(2 * steps);
  });

  it('go on being made after a stop in the middle', async () => {
    await expect(withTensors(at(steps), surroundings({ stopBefore: 1 }))).rejects.toThrow(/abort/i);
    const context = surroundings();
    expect((await withTensors(at(steps), context)).content).toEqual(first[0]);
    expect(context.made).toEqual(range(2, steps));
  });

  it('go on being made after a stop where no checkpoint was before', async () => {
    const seldom = { ...training, checkpointEverySeconds: 1e6 };
    const place = await TrainingFixture.create();
    try {
      const planned = await place.plan(seldom);
      await recordRoot(place.store, plannedRoot({ ...planInput(), spec: { prompts: {}, training: seldom } }, planned));
      for (let epoch = 1; epoch <= 5; epoch++) await place.train(planned, epoch, { training: seldom });
      expect(await listCheckpoints(place.store)).toHaveLength(5);
      expect(await findCheckpoint(place.store, at(2 * steps))).toBeUndefined();
      const stopped = { ...surroundings({ stopBefore: steps + 1 }), store: place.store };
      await expect(withTensors(at(2 * steps), stopped)).rejects.toThrow(/abort/i);
      const context = { ...surroundings(), store: place.store };
      expect((await withTensors(at(2 * steps), context)).content).toEqual(first[1]);
      expect(context.made).toEqual(range(steps + 2, 2 * steps));
    } finally {
      await place.remove();
    }
  });

  it('are told to differ when another kind of machine made other bytes', async () => {
    const context = { ...surroundings(), engines: fixture.engines({ dropout: 0.5 }) };
    const again = await withTensors(at(steps), context);
    expect(again.content).not.toEqual(first[0]);
    expect(context.warned).toEqual([expect.stringMatching(/made again with other bytes/)]);
  });

  it('are damage when nothing tells how they were made', async () => {
    const unknown = { ...surroundings(), store: fixture.store };
    await expect(withTensors(at(7, 'another'), unknown)).rejects.toThrow(DamagedError);
  });
});

describe('a step in micro-batches', () => {
  it('tells between them that training goes on with the figures of the last step, and beforehand how long one may take', async () => {
    const silences: number[] = [];
    const context = { ...surroundings(), expectSilence: (ms: number) => void silences.push(ms) };
    const input = { model: fixture.model, tokens: plan.tokens, plan: plan.plan, lineage: plan.lineage, training };
    const { facts } = await readArtifact<TrainingPlan>(fixture.store, plan.plan);
    const again = { ...input, lineage: 'again', storeId: fixture.store.id, epoch: 1 };
    await trainOn(again, courseOf(facts, { epoch: 1 }), context);
    const { reported } = context;
    expect(reported.slice(0, 3).map(({ done, loss }) => [done, typeof loss])).toEqual([
      [0, 'undefined'],
      [1, 'number'],
      [1, 'number'],
    ]);
    expect(reported[2]).toEqual(reported[1]);
    expect(silences).toEqual([longestStepMs({ ...facts, parameters: [{ data: { length: 60 * 8 + 8 } }] })]);
  });
});
