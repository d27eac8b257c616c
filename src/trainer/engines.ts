// The trainer's one warm engine: made for training when a run trains, and lent to evaluation and publishing with the weights that they
// ask for. Reading a checkpoint into it is skipped when it holds those weights already.
import type { StageContext } from '../artifacts/stage-context.js';
import { loadWeights } from '../models/model-folder.js';
import type { ArtifactRef, WeightsRef } from '../spec/stages.js';
import { withBaseModel } from '../training/base-folder.js';
import { readWeights } from '../training/checkpoint.js';
import { Engine } from '../training/engine.js';
import type { Machine } from '../training/numerics.js';
import { withTensors } from '../training/training-loop.js';
import { EngineCache } from '../training/warm-engine.js';

/** Makes the cache of engines on ONNX Runtime. */
export function createEngines({ threads }: { threads?: number | undefined } = {}): EngineCache<Engine> {
  return new EngineCache<Engine>((store, { model, training }) =>
    withBaseModel(store, model, async (base) =>
      Engine.create({
        model: base,
        weights: await loadWeights(base),
        readBase: () => withBaseModel(store, model, loadWeights),
        ...(training === undefined ? {} : { training }),
        ...(threads === undefined ? {} : { threads }),
      }),
    ),
  );
}

/** Which weights of which model, beside a stage's surroundings: removed tensors are made again. */
export interface LendEngineOptions extends StageContext {
  engines: EngineCache<Engine>;
  machine: Machine;
  model: ArtifactRef;
  weights: WeightsRef;
}

/**
 * The warm engine, holding the asked weights until the next call.
 *
 * @throws DamagedError when the checkpoint is not there or not whole, and cannot be made again.
 */
export async function lendEngine({ model, weights, ...context }: LendEngineOptions): Promise<Engine> {
  const { store, engines } = context;
  if ('base' in weights) return (await engines.acquire(store, { model }, { fresh: true })).engine;
  const manifest = await withTensors(weights.checkpoint, context);
  const warm = await engines.acquire(store, { model });
  const { sha256 } = manifest.content.weights;
  if (warm.weights !== sha256) {
    const tensors = await readWeights(store, manifest);
    warm.weights = undefined;
    await warm.engine.load(tensors);
    warm.weights = sha256;
  }
  return warm.engine;
}
