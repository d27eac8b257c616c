// What runs need, noted in the store itself: the roots of the collection of garbage (garbage.ts). Written by the trainer process when a
// training is planned and when its result is published, so that the workflow carries none of it.
import { sha256OfJson } from '../artifacts/hash.js';
import type { ArtifactStore, JsonObject } from '../artifacts/store.js';
import type { PlanInput, PlanResult } from '../spec/preparation-stages.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import type { ArtifactRef, CheckpointRef } from '../spec/stages.js';
import type { OpenSegmentInput, OpenSegmentResult, TrainEpochInput } from '../spec/training-stages.js';

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

/** How a lineage's checkpoints were made, if a run in the store has noted it. */
export async function trainingOf(store: ArtifactStore, lineage: string): Promise<TrainingRecipe | undefined> {
  for (const key of await store.listRecords(ROOT_KIND, `${lineage}/`)) {
    const root = (await store.readRecord(ROOT_KIND, key)) as unknown as RunRoot | undefined;
    if (root?.training) return root.training;
  }
  return undefined;
}

/** Of a planned training. */
export function plannedRoot(
  { model, retrieval, spec: { training } }: PlanInput,
  { tokens, plan, lineage }: PlanResult,
): RunRoot {
  const artifacts = [model, retrieval, tokens, plan];
  return { lineage, artifacts, checkpoints: [], training: { model, tokens, plan, training } };
}

/** Of a segment that goes on from another training's checkpoint. */
export function segmentRoot(
  { model, tokens, plan: before, training }: OpenSegmentInput,
  { plan, lineage, parent }: OpenSegmentResult,
): RunRoot {
  const artifacts = [model, tokens, before, plan];
  return { lineage, artifacts, checkpoints: parent ? [parent] : [], training: { model, tokens, plan, training } };
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
