// What a model of random weights takes: the part of a spec that making it needs, and the part of that which says what it is.
import type { ModelSpec, RandomModelSpec } from './spec.js';

/** The new model's shape, to spread into a stage's input beside the pin; nothing for a model that is fetched. */
export function randomPart(model: ModelSpec): { random?: RandomModelSpec } {
  return 'random' in model ? { random: model.random } : {};
}

/** What of the shape decides the weights; its tokenizer is known by its pinned content, not by its path. */
export function hashedShape({ tokenizer: _path, ...shape }: RandomModelSpec): Omit<RandomModelSpec, 'tokenizer'> {
  return shape;
}

/** The same of a model spec; undefined for a model that is fetched. */
export function hashedShapeOf(model: ModelSpec): Omit<RandomModelSpec, 'tokenizer'> | undefined {
  return 'random' in model ? hashedShape(model.random) : undefined;
}
