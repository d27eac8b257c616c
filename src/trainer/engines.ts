// The trainer's one warm engine: made for training when a run trains, and lent to evaluation and publishing with the weights that they
// ask for. Reading a checkpoint into it is skipped when it holds those weights already.
import type { ArtifactStore } from '../artifacts/store.js';
import { DamagedError } from '../artifacts/store.js';
import { loadWeights } from '../models/model-folder.js';
import type { ArtifactRef, WeightsRef } from '../spec/stages.js';
import { withBaseModel } from '../training/base-folder.js';
import { findCheckpoint, readCheckpointWeights } from '../training/checkpoint.js';
import { Engine } from '../training/engine.js';
import { EngineCache } from '../training/warm-engine.js';

/** Makes the cache of engines on ONNX Runtime. */
export function createEngines({ threads }: { threads?: number | undefined } = {}): EngineCache<Engine> {
  return new EngineCache<Engine>((store, { model, training }) =>
    withBaseModel(store, model, async (base) =>
      Engine.create({
        model: base,
        weights: await loadWeights(base),
        ...(training === undefined ? {} : { training }),
        ...(threads === undefined ? {} : { threads }),
      }),
    ),
  );
}

/** Which weights, of which model, in which store. */
export interface LendEngineOptions {
  store: ArtifactStore;
  engines: EngineCache<Engine>;
  model: ArtifactRef;
  weights: WeightsRef;
}

/**
 * The warm engine, holding the asked weights until the next call.
 *
 * @throws DamagedError when the checkpoint is not there or not whole.
 */
export async function lendEngine({ store, engines, model, weights }: LendEngineOptions): Promise<Engine> {
  if ('base' in weights) return (await engines.acquire(store, { model }, { fresh: true })).engine;
  const { checkpoint } = weights;
  const warm = await engines.acquire(store, { model });
  const manifest = await findCheckpoint(store, checkpoint);
  if (!manifest) throw new DamagedError(`checkpoint ${checkpoint.lineage} ${checkpoint.step}`, 'it is gone');
  const { sha256 } = manifest.content.weights;
  if (warm.weights !== sha256) {
    const tensors = await readCheckpointWeights(store, checkpoint);
    warm.weights = undefined;
    warm.engine.load(tensors);
    warm.weights = sha256;
  }
  return warm.engine;
}
