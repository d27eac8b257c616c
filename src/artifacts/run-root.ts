// What runs need, noted in the store itself: the roots of the collection of garbage (src/training/garbage.ts). Written when local files are
// pinned, when a training is planned and when its result is published, so that the workflow carries none of it.
import type { DatasetPin, ModelPin } from '../spec/preparation-stages.js';
import type { ArtifactRef, CheckpointRef } from '../spec/stages.js';
import type { TrainEpochInput } from '../spec/training-stages.js';
import { sha256OfJson } from './hash.js';
import type { ArtifactStore, JsonObject } from './store.js';

/** Kind of the records. */
export const ROOT_KIND = 'run';

/** Kind of the artifact that holds a training's plan. */
export const PLAN_KIND = 'training-plan';

/** What a run needs. */
export interface RunRoot {
  /** `pins` for what is needed before there is a training. */
  lineage: string;
  artifacts: ArtifactRef[];
  /** Checkpoints that are needed beside the newest of the lineage, e.g. a segment's parent. */
  checkpoints: CheckpointRef[];
  /** The published checkpoint; absent while the run goes on, and then every checkpoint of the lineage is needed. */
  published?: CheckpointRef;
  /** How the lineage's checkpoints are made: what training them again takes. */
  training?: TrainingRecipe;
}

/** What an epoch's training takes beside the epoch. */
export type TrainingRecipe = Pick<TrainEpochInput, 'model' | 'tokens' | 'plan' | 'training'>;

/** Notes what a run needs; noted again, it counts as touched. */
export async function recordRoot(store: ArtifactStore, root: RunRoot): Promise<void> {
  const key = `${root.lineage}/${sha256OfJson(root).slice(0, 16)}`;
  await store.createRecord(ROOT_KIND, key, root as unknown as JsonObject);
  await store.touchRecord(ROOT_KIND, key);
}

/** Of files that a run has taken into the store and may train on much later; undefined when it took none. */
export function pinnedRoot(...pins: readonly (ModelPin | DatasetPin)[]): RunRoot | undefined {
  const artifacts = pins.flatMap((pin) => ('snapshot' in pin ? [pin.snapshot] : []));
  return artifacts.length === 0 ? undefined : { lineage: 'pins', artifacts, checkpoints: [] };
}
