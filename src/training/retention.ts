// Keeps the disk from filling up: of the checkpoints inside an epoch only the newest two keep their tensors, of an epoch's end every one
// does, because it may be evaluated, published or chosen as the best. Manifests, state and loss history always stay.
import type { ArtifactStore } from '../artifacts/store.js';
import { listCheckpoints, markReleased, readManifest, tensorsOf } from './checkpoint.js';

/** How many of the newest checkpoints keep their tensors, wherever they stand. */
const NEWEST = 2;

/**
 * Removes the tensors of a lineage's older checkpoints inside epochs, unless another checkpoint has the same tensors.
 *
 * @param epochEnds the steps at which epochs end.
 * @returns the steps whose tensors were removed.
 */
export async function releaseOldTensors(
  store: ArtifactStore,
  lineage: string,
  epochEnds: ReadonlySet<number>,
): Promise<number[]> {
  const all = await listCheckpoints(store);
  const steps = all
    .filter((ref) => ref.lineage === lineage)
    .map(({ step }) => step)
    .sort((a, b) => b - a);
  const released: number[] = [];
  let needed: Set<string> | undefined;
  for (const step of steps.slice(NEWEST).filter((candidate) => !epochEnds.has(candidate))) {
    const manifest = await readManifest(store, { lineage, step });
    if (!manifest || manifest.isReleased) continue;
    if (!needed) {
      needed = new Set();
      const candidates = new Set(steps.slice(NEWEST).filter((candidate) => !epochEnds.has(candidate)));
      for (const ref of all) {
        if (ref.lineage === lineage && candidates.has(ref.step)) continue;
        const other = await readManifest(store, ref);
        if (other && !other.isReleased) tensorsOf(other).forEach(({ sha256 }) => needed!.add(sha256));
      }
    }
    // The mark comes first: a checkpoint whose tensors are missing without it counts as damaged.
    await markReleased(store, manifest);
    for (const blob of tensorsOf(manifest)) if (!needed.has(blob.sha256)) await store.removeBlob(blob);
    released.push(step);
  }
  return released;
}
