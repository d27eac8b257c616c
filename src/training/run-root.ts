// What trainings need of the store, as roots of the collection of garbage: of a plan, of a segment, of what was published.
import { allEpochs } from '../artifacts/epoch-list.js';
import { PLAN_KIND, ROOT_KIND, type RunRoot, type TrainingRecipe } from '../artifacts/run-root.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { PlanInput, PlanResult } from '../spec/preparation-stages.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import type { OpenSegmentInput, OpenSegmentResult } from '../spec/training-stages.js';
import type { TrainingPlan } from './plan.js';

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
  { model, retrieval, madeFrom = [], spec: { training } }: PlanInput,
  { tokens, plan, lineage }: Pick<PlanResult, 'tokens' | 'plan' | 'lineage'>,
): RunRoot {
  const artifacts = [model, retrieval, ...madeFrom, tokens, plan];
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

/** Of a published run: one for each training that it is made of, segments in which no epoch ended among them. */
export async function publishedRoots(store: ArtifactStore, input: PublishInput): Promise<RunRoot[]> {
  const { checkpoint } = input.published;
  const epochs = await allEpochs(store, input);
  const lineages = new Set([input.plan.lineage, checkpoint.lineage, ...epochs.map((each) => each.checkpoint.lineage)]);
  // What is added while the set is gone through is gone through as well.
  for (const lineage of lineages) for (const before of await lineagesBefore(store, lineage)) lineages.add(before);
  const artifacts = [
    ...[input.model, input.retrieval, input.tokens, input.corpus.artifact, input.plan.tokens, input.plan.plan],
    ...[input.snapshot, input.transform?.artifact, input.split?.artifact, input.earlierEpochs],
    ...[input.before.artifact, input.after.artifact],
  ].filter((ref) => ref !== undefined);
  return [...lineages].map((lineage) => ({ lineage, artifacts, checkpoints: [], published: checkpoint }));
}

/** The segments that a lineage's own goes on from: of its parent's checkpoint, and of the plan before, which may have made none. */
async function lineagesBefore(store: ArtifactStore, lineage: string): Promise<string[]> {
  const before: string[] = [];
  for (const key of await store.listRecords(ROOT_KIND, `${lineage}/`)) {
    const root = (await store.readRecord(ROOT_KIND, key)) as unknown as RunRoot | undefined;
    before.push(...(root?.checkpoints ?? []).map((parent) => parent.lineage));
    for (const ref of root?.artifacts ?? []) {
      if (ref.kind !== PLAN_KIND) continue;
      const plan = (await store.readRecord(ref.kind, ref.key)) as { facts?: Partial<TrainingPlan> } | undefined;
      if (plan?.facts?.lineage !== undefined) before.push(plan.facts.lineage);
    }
  }
  return before;
}
