// The loss history in the store: how many bytes checkpoints add to it, and that it hangs on nothing but the steps.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrainingFixture, trainingSpec } from '../../test/support/training-fixture.js';
import type { BlobRef } from '../artifacts/store.js';
import { findCheckpoint, readState, type CheckpointContent } from './checkpoint.js';
import { getHistory, putHistory, type KeptHistory, type StepRecord } from './loss-history.js';

const { sin } = Math;
const record = (step: number): StepRecord => ({
  ...{ step, loss: Math.fround(1 + sin(step)), learningRate: 1e-5 * (1 + sin(2 * step)) },
  gradientNorm: 3 + sin(3 * step),
});
const recordsOf = (count: number): StepRecord[] => Array.from({ length: count }, (_, i) => record(100 + i));

let fixture: TrainingFixture;
beforeEach(async () => {
  fixture = await TrainingFixture.create({ pairs: 300 });
});
afterEach(() => fixture.remove());

describe('the loss history', () => {
  it('takes bytes that grow with the steps and the checkpoints, not with their product', async () => {
    const { store } = fixture;
    const all = recordsOf(6400);
    /** Bytes that checkpoints every 10 steps leave, and the most blobs that one of them names. */
    const left = async (count: number): Promise<{ bytes: number; pieces: number }> => {
      const blobs = new Map<string, number>();
      let before: KeptHistory | undefined;
      let pieces = 0;
      for (let steps = 10; steps <= count; steps += 10) {
        const kept = await putHistory(store, { epoch: 1, steps: all.slice(0, steps) }, before);
        before = { steps, blobs: kept };
        for (const { sha256, bytes } of [kept].flat()) blobs.set(sha256, bytes);
        pieces = Math.max(pieces, [kept].flat().length);
      }
      return { bytes: [...blobs.values()].reduce((sum, bytes) => sum + bytes, 0), pieces };
    };
    const [some, more] = [await left(1600), await left(6400)];
    expect(more.bytes / some.bytes).toBeLessThan(5);
    expect(more.pieces).toBeLessThanOrEqual(8);
  });

  it.each([0, 1, 63, 64, 65, 128, 200, 1000])(
    'of %i steps comes back, from pieces that hang on no checkpoint before',
    async (count) => {
      const { store } = fixture;
      const history = { epoch: 3, steps: recordsOf(count) };
      const blobs = await putHistory(store, history);
      expect(await getHistory(store, blobs)).toEqual(history);
      for (const steps of [0, 17, 64, 190, 640].filter((steps) => steps <= count)) {
        const before = { steps, blobs: await putHistory(store, { epoch: 3, steps: history.steps.slice(0, steps) }) };
        expect(await putHistory(store, history, before)).toEqual(blobs);
      }
    },
  );

  it('is gone on from where an earlier version kept all steps of the epoch in one blob', async () => {
    const { store } = fixture;
    const steps = recordsOf(1000);
    const columns = Object.keys(record(0)).map((name) => [
      name,
      steps.slice(0, 900).map((each) => each[name as 'loss']),
    ]);
    const blobs = await store.putBytes(Buffer.from(JSON.stringify({ epoch: 3, ...Object.fromEntries(columns) })));
    expect(await getHistory(store, blobs)).toEqual({ epoch: 3, steps: steps.slice(0, 900) });
    const history = { epoch: 3, steps };
    expect(await putHistory(store, history, { steps: 900, blobs })).toEqual(await putHistory(store, history));
  });

  it('is one blob, with the gradient histograms, when the epoch is done', async () => {
    const { store } = fixture;
    const histogram = { min: 0, max: 1, count: 1, sum: 1, sumOfSquares: 1, limits: [1], counts: [1] };
    const history = { epoch: 1, steps: recordsOf(200), gradientHistograms: { embeddings: histogram } };
    const blob = (await putHistory(store, history)) as BlobRef;
    expect(blob.bytes).toBeGreaterThan(0);
    expect(await getHistory(store, blob)).toEqual(history);
  });

  it('and the state of a long epoch are the same bytes wherever the training was stopped before', async () => {
    const often = trainingSpec({ epochs: 2, batchSize: 2 });
    const seldom = { ...often, checkpointEverySeconds: 1e6 };
    const until = async (
      place: TrainingFixture,
      training = often,
      stops: number[] = [],
    ): Promise<CheckpointContent[]> => {
      const plan = await place.plan(training);
      const [steps = 0] = plan.stepsPerEpoch;
      expect(steps).toBeGreaterThan(130);
      const contents: CheckpointContent[] = [];
      for (const stop of [...stops, 130, Infinity]) {
        const controller = new AbortController();
        const engines = place.engines({ beforeStep: (step) => step === stop - 1 && controller.abort() });
        const { checkpoint } = await place.train(plan, 1, { training, engines, signal: controller.signal });
        contents.push((await findCheckpoint(place.store, checkpoint))!.content);
      }
      const { history } = await readState(place.store, { content: contents.at(-1)! } as never);
      expect((await getHistory(place.store, history['1']!)).steps.map(({ step }) => step)).toEqual(
        Array.from({ length: steps }, (_, step) => step),
      );
      return contents.slice(-2);
    };
    const straight = await until(fixture);
    const other = await TrainingFixture.create({ pairs: 300 });
    expect(await until(other, seldom, [3, 65, 70])).toEqual(straight);
    await other.remove();
  });
});
