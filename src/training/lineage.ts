// The name of a training: the hash of all that decides its weights. Two attempts, two Workers, a retry or another run with the same
// settings find or make the same bytes under the same name; whatever differs has another name and is never looked at.
import { sha256OfJson } from '../artifacts/hash.js';
import type { BlobRef } from '../artifacts/store.js';
import type { CheckpointRef } from '../spec/stages.js';
import type { TrainingSpec } from '../spec/spec.js';
import { NUMERICS_VERSION } from './numerics.js';

/**
 * Settings that do not touch the weights of a step. All others are part of the lineage, so a new setting is in it by default.
 * `microBatchSize` stands here because the resolved number takes its place.
 */
const WITHOUT_EFFECT = [
  'checkpointEverySeconds',
  'keep',
  'microBatchSize',
  'sameNumerics',
] as const satisfies (keyof TrainingSpec)[];

/** All that decides the weights. */
export interface LineageInputs {
  /** Where training begins: every file of the base model's folder, or another training's checkpoint. */
  start: { base: Record<string, BlobRef> } | { parent: CheckpointRef };
  /** The prepared training part: token ids (prompts and length limit are in them), which answers which, which texts are equal. */
  data: Record<string, BlobRef>;
  /** Pairs a micro-batch, resolved. */
  microBatchSize: number;
  training: TrainingSpec;
}

/** The lineage of a training: 64 hex digits. */
export function lineageOf({ start, data, microBatchSize, training }: LineageInputs): string {
  const settings = Object.fromEntries(
    Object.entries(training).filter(([name]) => !(WITHOUT_EFFECT as readonly string[]).includes(name)),
  );
  return sha256OfJson({
    numericsVersion: NUMERICS_VERSION,
    start: 'base' in start ? { base: hashes(start.base) } : { parent: { ...start.parent } },
    data: hashes(data),
    microBatchSize,
    settings,
  });
}

function hashes(blobs: Record<string, BlobRef>): Record<string, string> {
  return Object.fromEntries(Object.entries(blobs).map(([name, { sha256 }]) => [name, sha256]));
}
