// One hash over all that decides a run's result: what was pinned, and the spec without the names, places and paths that do not.
import { sha256OfJson } from '../src/artifacts/hash.js';
import { hashedShapeOf } from '../src/spec/random-model.js';
import { isReadyDataset, type FineTuneSpec } from '../src/spec/spec.js';
import type { DatasetPin, ModelPin } from '../src/spec/preparation-stages.js';

/** SHA-256 of a run's inputs: equal when a new run would train and evaluate the same. */
export function inputsSha256(spec: FineTuneSpec, pins: { model: ModelPin; dataset: DatasetPin }): string {
  const { dataset, prompts, training, evaluation } = spec;
  return sha256OfJson({
    model: content(pins.model),
    shape: hashedShapeOf(spec.model),
    data: content(pins.dataset),
    preparation: isReadyDataset(dataset) ? 'ready' : { ...dataset, source: undefined, revision: undefined },
    prompts,
    training,
    evaluation,
  });
}

/** A local label is for the eye: the same files in another folder are the same input. */
function content(pin: ModelPin | DatasetPin): unknown {
  return { ...pin, label: undefined };
}
