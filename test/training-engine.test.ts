// The epoch loop with the engine on ONNX Runtime and dropout: a training that dies between two checkpoints ends with the bytes of one
// that nothing disturbed.
import { afterEach, describe, expect, it } from 'vitest';
import { findCheckpoint } from '../src/training/checkpoint.js';
import { Engine } from '../src/training/engine.js';
import { EngineCache } from '../src/training/warm-engine.js';
import { tinyOptions } from './support/tiny-bert.js';
import { TrainingFixture } from './support/training-fixture.js';

const places: TrainingFixture[] = [];
const caches: EngineCache<Engine>[] = [];

afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.clear();
  for (const place of places.splice(0)) await place.remove();
});

async function newPlace(): Promise<TrainingFixture> {
  const place = await TrainingFixture.create();
  places.push(place);
  return place;
}

/** Engines of the tiny BERT; with `dieAt`, the step at which the process is gone. */
function tinyEngines(dieAt = Infinity): EngineCache<Engine> {
  const cache = new EngineCache<Engine>(async (_store, { training }) => {
    const engine = await Engine.create(
      tinyOptions('mean normalized', { dropout: training?.dropout ?? { hidden: 0, attention: 0 } }),
    );
    const step = engine.step.bind(engine);
    engine.step = async (batch) => {
      if (batch.step === dieAt) throw new Error('the process is gone');
      return step(batch);
    };
    return engine;
  });
  caches.push(cache);
  return cache;
}

describe('a training on ONNX Runtime', () => {
  it('that lost its process in each epoch has the bytes of an undisturbed one', async () => {
    const calm = await newPlace();
    const plan = await calm.plan();
    const engines = tinyEngines();
    await calm.train(plan, 1, { engines });
    const { checkpoint } = await calm.train(plan, 2, { engines });

    const rough = await newPlace();
    await rough.plan();
    const [first = 0] = plan.stepsPerEpoch;
    await expect(rough.train(plan, 1, { engines: tinyEngines(2) })).rejects.toThrow('the process is gone');
    await rough.train(plan, 1, { engines: tinyEngines() });
    await expect(rough.train(plan, 2, { engines: tinyEngines(first + 1) })).rejects.toThrow('the process is gone');
    await rough.train(plan, 2, { engines: tinyEngines() });

    const expected = await findCheckpoint(calm.store, checkpoint);
    expect((await findCheckpoint(rough.store, checkpoint))!.content).toEqual(expected!.content);
  });
});
