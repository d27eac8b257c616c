// What runs need, noted in the store itself: the roots of the collection of garbage (garbage.ts). Written by the trainer process when a
// training is planned and when its result is published, so that the workflow carries none of it.
import { sha256OfJson } from '../artifacts/hash.js';
import type { ArtifactStore, JsonObject } from '../artifacts/store.js';
import type {
  ArtifactRef,
  CheckpointRef,
  OpenSegmentInput,
  OpenSegmentResult,
  PlanInput,
  PlanResult,
  PublishInput,
} from '../spec/stages.js';

/** Kind of the records. */
export const ROOT_KIND = 'run';

/** What a run needs. */
export interface RunRoot {
  lineage: string;
  artifacts: ArtifactRef[];
  /** Checkpoints that are needed beside the newest of the lineage, e.g. a segment's parent. */
  checkpoints: CheckpointRef[];
  /** The published checkpoint; absent while the run goes on, and then every checkpoint of the lineage is needed. */
  published?: CheckpointRef;
}

/** Notes what a run needs; noted again, it counts as touched. */
export async function recordRoot(store: ArtifactStore, root: RunRoot): Promise<void> {
  const key = `${root.lineage}/${sha256OfJson(root).slice(0, 16)}`;
  await store.createRecord(ROOT_KIND, key, root as unknown as JsonObject);
  await store.touchRecord(ROOT_KIND, key);
}

/** Of a planned training. */
export function plannedRoot({ model, retrieval }: PlanInput, { tokens, plan, lineage }: PlanResult): RunRoot {
  return { lineage, artifacts: [model, retrieval, tokens, plan], checkpoints: [] };
}

/** Of a segment that goes on from another training's checkpoint. */
export function segmentRoot(
  { model, tokens, plan: before }: OpenSegmentInput,
  { plan, lineage, parent }: OpenSegmentResult,
): RunRoot {
  return { lineage, artifacts: [model, tokens, before, plan], checkpoints: parent ? [parent] : [] };
}

/** Of a published run: one for each training that it is made of. */
export function publishedRoots(input: PublishInput): RunRoot[] {
  const { checkpoint } = input.published;
  const lineages = [input.plan.lineage, checkpoint.lineage, ...input.epochs.map((epoch) => epoch.checkpoint.lineage)];
  const artifacts = [
    ...[input.model, input.retrieval, input.tokens, input.corpus.artifact, input.plan.tokens, input.plan.plan],
    ...[input.snapshot, input.transform?.artifact, input.split?.artifact, input.earlierEpochs],
    ...[input.before.artifact, input.after.artifact],
  ].filter((ref) => ref !== undefined);
  return [...new Set(lineages)].map((lineage) => ({ lineage, artifacts, checkpoints: [], published: checkpoint }));
}
