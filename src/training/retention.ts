// Keeps the disk from filling up: of a lineage's checkpoints the newest two keep their tensors, the last two ends of epochs, the one that
// is to be published so far, and where removed tensors are made again, the newest two of those. Manifests, state and loss history always
// stay, so an epoch that is done still counts; tensors that are needed again are made again (training-loop.ts).
import type { ArtifactStore } from '../artifacts/store.js';
import type { CheckpointRef } from '../spec/stages.js';
import { listCheckpoints, listReleased, markReleased, readManifest, tensorsNeeded, tensorsOf } from './checkpoint.js';

/** How many of the newest checkpoints, and of the newest ends of epochs, keep their tensors. */
const NEWEST = 2;

/** What stays beside the newest checkpoints. */
export interface RetentionOptions {
  /** The step just saved; while tensors are made again it lies below the newest. */
  saved: number;
  /** The steps at which epochs end. */
  epochEnds: readonly number[];
  /** To be published if nothing better comes. */
  chosen?: CheckpointRef | undefined;
}

/**
 * Removes the tensors of a lineage's older checkpoints, unless another checkpoint has the same tensors.
 *
 * @returns the steps whose tensors were removed.
 */
export async function releaseOldTensors(
  store: ArtifactStore,
  lineage: string,
  { saved, epochEnds, chosen }: RetentionOptions,
): Promise<number[]> {
  const steps = (await listCheckpoints(store, lineage)).map(({ step }) => step).sort((a, b) => b - a);
  const ends = new Set(epochEnds);
  const before = new Set((await listReleased(store, lineage)).map(({ step }) => step));
  const kept = new Set([
    ...steps.slice(0, NEWEST),
    ...steps.filter((step) => ends.has(step)).slice(0, NEWEST),
    ...steps.filter((step) => step <= saved && !before.has(step)).slice(0, NEWEST),
  ]);
  if (chosen?.lineage === lineage) kept.add(chosen.step);
  const older = new Set(steps.filter((step) => !kept.has(step)));
  const released: number[] = [];
  let needed: Set<string> | undefined;
  for (const step of older) {
    if (before.has(step)) continue;
    const manifest = await readManifest(store, { lineage, step });
    if (!manifest) continue;
    needed ??= await tensorsNeeded(store, (ref) => ref.lineage === lineage && older.has(ref.step));
    // The mark comes first: a checkpoint whose tensors are missing without it counts as damaged.
    await markReleased(store, manifest);
    for (const blob of tensorsOf(manifest)) if (!needed.has(blob.sha256)) await store.removeBlob(blob);
    released.push(step);
  }
  return released;
}
