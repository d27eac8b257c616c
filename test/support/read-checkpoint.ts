// A checkpoint read whole, for tests that look at its numbers.
import type { ArtifactStore } from '../../src/artifacts/store.js';
import type { CheckpointRef } from '../../src/spec/stages.js';
import {
  findCheckpoint,
  readMoments,
  readState,
  readWeights,
  type CheckpointManifest,
  type CheckpointState,
} from '../../src/training/checkpoint.js';
import type { Moments } from '../../src/training/optimizer.js';

/** Manifest, tensors and state; it has to be there and whole. */
export async function readCheckpoint(
  store: ArtifactStore,
  ref: CheckpointRef,
): Promise<{
  manifest: CheckpointManifest;
  weights: Map<string, Float32Array>;
  moments: Moments;
  state: CheckpointState;
}> {
  const manifest = await findCheckpoint(store, ref);
  if (!manifest) throw new Error(`no whole checkpoint of step ${ref.step}`);
  return {
    manifest,
    weights: await readWeights(store, manifest),
    moments: await readMoments(store, manifest),
    state: await readState(store, manifest),
  };
}
