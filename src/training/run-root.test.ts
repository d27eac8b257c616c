import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrainingFixture, trainingSpec } from '../../test/support/training-fixture.js';
import { keepEpochs } from '../artifacts/epoch-list.js';
import { recordRoot, type RunRoot } from '../artifacts/run-root.js';
import type { EpochSummary } from '../spec/evaluation-stages.js';
import type { PlanResult } from '../spec/preparation-stages.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import type { CheckpointRef } from '../spec/stages.js';
import type { OpenSegmentInput } from '../spec/training-stages.js';
import { findGarbage } from './garbage.js';
import { plannedRoot, publishedRoots, segmentRoot } from './run-root.js';
import { openSegment } from './segment.js';

let fixture: TrainingFixture;
let plan: PlanResult;
beforeEach(async () => {
  fixture = await TrainingFixture.create();
  plan = await fixture.plan();
  await recordRoot(fixture.store, plannedRoot({ ...inputs(), spec: { prompts: {}, training: trainingSpec() } }, plan));
});
afterEach(() => fixture.remove());

const inputs = () => ({ storeId: fixture.store.id, model: fixture.model, retrieval: fixture.retrieval });

/** A segment at another rate. */
async function change(before: PlanResult, learningRate: number, from: OpenSegmentInput['from']): Promise<PlanResult> {
  const training = trainingSpec({ learningRate });
  const input = { ...inputs(), tokens: before.tokens, plan: before.plan, training, from };
  const opened = await openSegment(input, fixture.context());
  await recordRoot(fixture.store, segmentRoot(input, opened));
  return { ...before, ...opened };
}

/** The roots of a run that ended there; epochs before it stand in `earlierEpochs`. */
async function publish(last: CheckpointRef, earlier: CheckpointRef[] = []): Promise<RunRoot[]> {
  const summary = (checkpoint: CheckpointRef, index: number) => ({ epoch: index + 1, checkpoint, meanLoss: 1 });
  const { store, retrieval } = fixture;
  const epochs: EpochSummary[] = earlier.map(summary);
  const input = {
    ...{ ...inputs(), tokens: plan.tokens, corpus: { artifact: retrieval }, plan },
    ...{ before: { artifact: retrieval }, after: { artifact: retrieval } },
    ...(epochs.length > 0 && { earlierEpochs: await keepEpochs(store, { epochs }) }),
    epochs: [summary(last, epochs.length)],
    published: { epoch: epochs.length + 1, checkpoint: last },
  };
  return publishedRoots(store, input as unknown as PublishInput);
}

describe('the roots of a published run', () => {
  it('are of every training that it is made of, also where only earlier epochs or no epoch ended', async () => {
    const first = (await fixture.train(plan, 1, { untilStep: 2 })).checkpoint;
    const inside = await change(plan, 0.05, { checkpoint: first });
    const { checkpoint } = await fixture.train(inside, 1, {
      training: trainingSpec({ learningRate: 0.05 }),
      untilStep: 3,
    });
    // Changed twice at one step: nothing was trained in between.
    const empty = await change(inside, 0.06, { checkpoint });
    const early = await change(empty, 0.07, { epoch: 1 });
    const training = trainingSpec({ learningRate: 0.07 });
    const ended = (await fixture.train(early, 1, { training })).checkpoint;
    const late = await change(early, 0.08, { checkpoint: ended });
    const last = (await fixture.train(late, 2, { training: trainingSpec({ learningRate: 0.08 }) })).checkpoint;
    const roots = await publish(last, [ended]);
    const all = [plan, inside, empty, early, late].map(({ lineage }) => lineage);
    expect(roots.map(({ lineage }) => lineage).sort()).toEqual(all.sort());
    expect(roots.every(({ published }) => published === last)).toBe(true);
  });

  it('let the tensors of a segment go in which no epoch ended', async () => {
    const first = (await fixture.train(plan, 1, { untilStep: 1 })).checkpoint;
    const inside = await change(plan, 0.05, { checkpoint: first });
    const stop = { training: trainingSpec({ learningRate: 0.05, checkpointEverySeconds: 1e6 }) };
    const steps: CheckpointRef[] = [];
    for (const untilStep of [2, 3, 4]) {
      // As an epoch's end keeps it from retention.
      const chosen = steps[0];
      steps.push((await fixture.train(inside, 1, { ...stop, untilStep, ...(chosen && { chosen }) })).checkpoint);
    }
    const late = await change(inside, 0.06, { checkpoint: steps[2]! });
    const last = (await fixture.train(late, 1, { training: trainingSpec({ learningRate: 0.06 }) })).checkpoint;
    for (const root of await publish(last)) await recordRoot(fixture.store, root);
    const then = new Date(Date.now() - 2 * 24 * 3_600_000);
    for (const entry of await readdir(fixture.folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), then, then);
    expect((await findGarbage(fixture.store)).released).toContainEqual(steps[0]);
  });

  it('leave out a training of another run that goes on from the same', async () => {
    const first = (await fixture.train(plan, 1)).checkpoint;
    const other = await change(plan, 0.05, { checkpoint: first });
    const last = (await fixture.train(plan, 2)).checkpoint;
    expect((await publish(last)).map(({ lineage }) => lineage)).not.toContain(other.lineage);
  });
});
