// How often a training saves. The clock is set by hand: a step takes one unit of time, a checkpoint what the test says.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MACHINE, TrainingFixture, trainingSpec } from '../../test/support/training-fixture.js';
import { listCheckpoints } from './checkpoint.js';
import { trainEpoch } from './epoch.js';

let fixture: TrainingFixture;
beforeEach(async () => {
  fixture = await TrainingFixture.create({ pairs: 54 });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await fixture.remove();
});

/** The steps of one epoch that are saved when a step takes `stepMs` and a checkpoint `checkpointMs`. */
async function savedSteps(stepMs: number, checkpointMs: number, checkpointEverySeconds: number): Promise<number[]> {
  const training = trainingSpec({ epochs: 1, batchSize: 2, batchSampler: 'shuffle', checkpointEverySeconds });
  const plan = await fixture.plan(training);
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const { store } = fixture;
  const createRecord = store.createRecord.bind(store);
  vi.spyOn(store, 'createRecord').mockImplementation((kind, ...rest) => {
    if (kind === 'checkpoint') clock += checkpointMs;
    return createRecord(kind, ...rest);
  });
  const engines = fixture.engines({ beforeStep: () => void (clock += stepMs) });
  const { tokens, plan: itsPlan, lineage, totalSteps } = plan;
  const input = { storeId: store.id, model: fixture.model, tokens, plan: itsPlan, lineage, training, epoch: 1 };
  await trainEpoch(input, { ...fixture.context(), engines, machine: MACHINE });
  const steps = (await listCheckpoints(store)).map(({ step }) => step).sort((a, b) => a - b);
  expect(steps.at(-1)).toBe(totalSteps);
  return steps.slice(0, -1);
}

describe('the interval of checkpoints', () => {
  it('is the one of the settings where a checkpoint costs little', async () => {
    expect(await savedSteps(1000, 1, 10)).toEqual([10, 20]);
  });

  it('stretches to fifty times what one costs, so that all of them take less than a fiftieth of the time', async () => {
    // The first comes when the settings say so, before its cost is known; then one every five steps, once that has been made up for.
    const saved = await savedSteps(1000, 100, 5);
    expect(saved).toEqual([5, 15, 20, 25]);
    const withTheEnd = (saved.length + 1) * 100;
    expect(withTheEnd / (27_000 + withTheEnd)).toBeLessThan(0.02);
  });
});
