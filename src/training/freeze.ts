// Which parameters a training leaves as the base model has them (`training.freeze`), and from where on the backward pass has work to do.
import { FinalError } from '../errors.js';
import type { Architecture, EncoderConfig, EngineParameter } from '../models/architecture.js';
import type { FreezeSpec } from '../spec/spec.js';

/** True when the parameter keeps the base model's values. */
export function isFrozen({ block }: Pick<EngineParameter, 'block'>, freeze: FreezeSpec | undefined): boolean {
  if (freeze === undefined) return false;
  return block === 'embeddings' ? freeze.embeddings : block < freeze.layers;
}

/** The lowest layer that a gradient passes: below it the step is a forward pass alone. Trained embeddings need all of them. */
export function differentiatedFrom(freeze: FreezeSpec | undefined): number {
  return freeze?.embeddings === true ? freeze.layers : 0;
}

/**
 * The parameters that are trained, in the architecture's order.
 *
 * @throws FinalError `InvalidSpec` when the encoder has fewer layers than are frozen, or nothing is left to train.
 */
export function trainedParameters(
  architecture: Architecture,
  config: EncoderConfig,
  freeze: FreezeSpec | undefined,
): EngineParameter[] {
  const all = architecture.engineParameters(config);
  if (freeze === undefined) return all;
  const { numHiddenLayers } = config;
  const trained = all.filter((parameter) => !isFrozen(parameter, freeze));
  if (freeze.layers <= numHiddenLayers && trained.length > 0) return trained;
  const rule = freeze.embeddings
    ? `fewer than the model's ${numHiddenLayers}`
    : `at most the model's ${numHiddenLayers}`;
  throw new FinalError(
    'InvalidSpec',
    `training.freeze.layers: must be ${rule}, or nothing is left to train, got ${freeze.layers}`,
  );
}
