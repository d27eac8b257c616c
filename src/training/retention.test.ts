import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../test/support/read-checkpoint.js';
import { TrainingFixture, trainingSpec } from '../../test/support/training-fixture.js';
import type { BlobRef } from '../artifacts/store.js';
import {
  findCheckpoint,
  listCheckpoints,
  markReleased,
  newestCheckpoint,
  readManifest,
  saveCheckpoint,
  tensorsOf,
} from './checkpoint.js';
import { releaseOldTensors } from './retention.js';
import type { PlanResult } from '../spec/preparation-stages.js';

let fixture: TrainingFixture;
let plan: PlanResult;
beforeEach(async () => {
  fixture = await TrainingFixture.create();
  plan = await fixture.plan();
});
afterEach(() => fixture.remove());

/** Steps whose tensors are there. */
async function stepsWithTensors(): Promise<number[]> {
  const refs = await listCheckpoints(fixture.store, plan.lineage);
  const found = await Promise.all(refs.map((ref) => findCheckpoint(fixture.store, ref)));
  return found.flatMap((manifest) => (manifest ? [manifest.step] : [])).sort((a, b) => a - b);
}

describe('releaseOldTensors', () => {
  it('leaves tensors to the newest two checkpoints, the last two ends of epochs and the chosen one, and all manifests', async () => {
    const training = trainingSpec({ epochs: 5 });
    plan = await fixture.plan(training);
    const steps = plan.stepsPerEpoch[0]!;
    const chosen = (await fixture.train(plan, 1, { training })).checkpoint;
    for (let epoch = 2; epoch <= 5; epoch++) await fixture.train(plan, epoch, { training, chosen });
    expect(await stepsWithTensors()).toEqual([steps, 4 * steps, 5 * steps - 1, 5 * steps]);
    expect(await listCheckpoints(fixture.store, plan.lineage)).toHaveLength(plan.totalSteps);
  });

  it('marks what it took the tensors of', async () => {
    await fixture.train(plan, 1);
    await fixture.train(plan, 2);
    const [first = 0] = plan.stepsPerEpoch;
    expect(await stepsWithTensors()).toEqual([first, plan.totalSteps - 1, plan.totalSteps]);
    expect(await listCheckpoints(fixture.store, plan.lineage)).toHaveLength(plan.totalSteps);
    const early = (await readManifest(fixture.store, { lineage: plan.lineage, step: 1 }))!;
    expect(early.isReleased).toBe(true);
    expect(await Promise.all(tensorsOf(early).map((blob) => fixture.store.hasBlob(blob)))).not.toContain(true);
  });

  it('sets no manifest aside because its tensors were removed, and finds it whole again when they are', async () => {
    await fixture.train(plan, 1);
    const ref = { lineage: plan.lineage, step: 1 };
    expect(await newestCheckpoint(fixture.store, plan.lineage, { atMost: 1 })).toBeUndefined();
    expect(await findCheckpoint(fixture.store, ref)).toBeUndefined();
    expect(await readManifest(fixture.store, ref)).toBeDefined();
    // Another attempt that starts over makes the same tensors under the same name.
    const place = await TrainingFixture.create();
    await place.plan();
    const controller = new AbortController();
    const engines = place.engines({ beforeStep: () => controller.abort() });
    const { checkpoint } = await place.train(plan, 1, { engines, signal: controller.signal });
    const again = await readCheckpoint(place.store, checkpoint);
    for (const blob of tensorsOf(again.manifest)) await fixture.store.putFile(await place.store.blobPath(blob));
    expect((await newestCheckpoint(fixture.store, plan.lineage, { atMost: 1 }))?.content).toEqual(
      again.manifest.content,
    );
    await place.remove();
  });

  it('keeps tensors that another lineage has too', async () => {
    await fixture.train(plan, 1);
    const { store } = fixture;
    const end = (await newestCheckpoint(store, plan.lineage))!;
    const { weights, moments, state, manifest } = await readCheckpoint(store, end);
    const parameters = [...weights].map(([name, data]) => ({ name, shape: [data.length], data, decay: true }));
    const save = (lineage: string, step: number): Promise<unknown> =>
      saveCheckpoint(store, { state: { ...state, lineage, step }, parameters, moments, about: manifest.about });
    for (const lineage of ['one', 'two']) for (const step of [1, 2, 3]) await save(lineage, step);
    expect(await releaseOldTensors(store, 'one', { saved: 3, epochEnds: [] })).toEqual([1]);
    expect(await findCheckpoint(store, { lineage: 'two', step: 1 })).toBeDefined();
  });

  it('reads no manifest whose tensors were removed, one record for each other, and none when there is nothing to remove', async () => {
    const { store } = fixture;
    const blob = (name: string): Promise<BlobRef> => store.putBytes(Buffer.from(name));
    const state = await blob('{}');
    const put = async (lineage: string, step: number, isReleased = false): Promise<void> => {
      const [weights, m, v] = [await blob(`w${lineage}${step}`), await blob(`m${step}`), await blob(`v${step}`)];
      const ref = { lineage, step };
      const record = { ...ref, content: { weights, m, v, state }, about: {} };
      await store.createRecord('checkpoint', `${lineage}/${String(step).padStart(9, '0')}`, record);
      if (isReleased) await markReleased(store, ref);
    };
    for (let i = 0; i < 20; i++) await put('old', 100 + i, true);
    for (let i = 0; i < 3; i++) await put('other', 200 + i);
    for (const step of [1, 2, 3]) await put('own', step);
    const reads: string[] = [];
    const counting = new Proxy(store, {
      get: (target, name) => {
        if (name === 'readRecord') {
          return (kind: string, key: string) => (reads.push(`${kind} ${key}`), target.readRecord(kind, key));
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    expect(await releaseOldTensors(counting, 'own', { saved: 3, epochEnds: [] })).toEqual([1]);
    expect(reads.filter((read) => read.includes(' old/'))).toEqual([]);
    expect(reads.filter((read) => read.includes(' other/'))).toHaveLength(3);
    reads.length = 0;
    expect(await releaseOldTensors(counting, 'own', { saved: 3, epochEnds: [] })).toEqual([]);
    expect(reads).toEqual([]);
  });

  it('takes the name of a checkpoint without tensors for one with other content', async () => {
    await fixture.train(plan, 1);
    const end = await readCheckpoint(fixture.store, (await newestCheckpoint(fixture.store, plan.lineage))!);
    const parameters = [...end.weights].map(([name, data]) => ({ name, shape: [data.length], data, decay: true }));
    const { moments, state, manifest } = end;
    const saved = await saveCheckpoint(fixture.store, {
      state: { ...state, step: 1 },
      parameters,
      moments,
      about: manifest.about,
    });
    expect(saved.isOurs).toBe(true);
  });
});
