// The spec of a recurring retrain: a fine-tuning spec, whose output's name is the name of the champion, and what counts as a gain. Also
// what crosses between the workflow `retrain` and its activities: references, hashes and small numbers.
import { z } from 'zod';
import { FinalError } from '../errors.js';
import type { ActivityTimes } from './activity-times.js';
import { modelName, outputName } from './names.js';
import { EXAMPLE_SPEC, parseAs } from './parse.js';
import { fineTuneSpecSchema, type FineTuneSpec } from './spec.js';
import type { Metrics, Verdict } from './evaluation-stages.js';
import type { DatasetPin } from './preparation-stages.js';
import type { FineTuneResult, RunArtifacts } from './publishing-stages.js';

/** The candidate's folder is the champion's name with this behind it. */
const CANDIDATE = '-candidate';
const LONGEST_NAME = 80;

/** Schema of a retrain: every fine-tuning spec is one. */
export const retrainSpecSchema = fineTuneSpecSchema.extend({
  retrain: z
    .strictObject({
      /** Promoted is a candidate whose gain in NDCG@10 is above this with the whole 95 % interval; 0: any gain that is proven. */
      smallestGain: z.number().min(0).max(1).default(0),
    })
    .prefault({}),
});

/** A parsed retrain spec: every default filled in. */
export type RetrainSpec = z.output<typeof retrainSpecSchema>;
/** What a user writes. */
export type RetrainSpecInput = z.input<typeof retrainSpecSchema>;

/**
 * Parses a retrain spec and fills in every default.
 *
 * @throws FinalError `InvalidSpec`, with one line a problem.
 */
export function parseRetrainSpec(input: unknown): RetrainSpec {
  const spec = parseAs(retrainSpecSchema, input, EXAMPLE_SPEC);
  const name = outputName(spec);
  if (name.length > LONGEST_NAME) {
    throw new FinalError(
      'InvalidSpec',
      `output.name: the name of a champion has at most ${LONGEST_NAME} characters, got ${name.length}: "${name}"`,
    );
  }
  return spec;
}

/** The spec of the candidate's fine-tuning: from the champion's folder, or from the spec's own model. */
export function candidateSpec({ retrain: _, ...spec }: RetrainSpec, championFolder: string | undefined): FineTuneSpec {
  return {
    ...spec,
    ...(championFolder !== undefined && { model: { source: championFolder, revision: 'main' } }),
    output: { ...spec.output, name: outputName(spec) + CANDIDATE },
  };
}

/** The base model that a spec names, in words. */
export function describeBase({ model }: Pick<RetrainSpec, 'model'>): string {
  return 'random' in model ? modelName(model) : `${model.source} at ${model.revision}`;
}

/** What a candidate is made from, hashed, beside the model that it begins with. */
export interface RetrainInputs {
  /** The data's revision (a commit, the files' hashes) and the settings. */
  revision: string;
  /** The prepared questions and documents and the settings: the same when another revision holds the same pairs. */
  content: string;
}

/** A champion, and where it is. */
export interface PlacedChampion {
  /** Number of the entry in the champion's history that promoted it. */
  version: number;
  /** SHA-256 of its model.safetensors. */
  sha256: string;
  /** The path that services load and that stays: a link to `folder`. */
  path: string;
  folder: string;
}

/** Where a champion lies under an output folder. */
export function championPaths(
  directory: string,
  name: string,
  version: number,
): Pick<PlacedChampion, 'path' | 'folder'> {
  const data = `${directory.replace(/[\\/]+$/, '')}/data`;
  return { path: `${data}/champions/${name}`, folder: `${data}/versions/${name}-v${version}` };
}

/** `openRetrain`: looks at the data and at the champion's history. */
export interface OpenRetrainInput {
  spec: RetrainSpec;
}
export interface OpenRetrainResult {
  storeId: string;
  /** Settings of the Worker that the workflow needs. */
  trainingTaskQueue: string;
  activityTimes?: ActivityTimes;
  /** Name of the champion. */
  name: string;
  /** The one that stands; absent before the first promotion. */
  champion?: PlacedChampion;
  /** What the candidate would begin with: the champion's hash, or that of the base model's pin. */
  start: string;
  /** What was looked at: the candidate trains on just that. */
  dataset: DatasetPin;
  /** Absent when there is nothing to train. */
  inputs?: RetrainInputs;
  /** Why there is nothing to train. */
  unchanged?: string;
  /** The data, in words. */
  data: string;
  warnings?: string[];
}

/** `placeChampion`: the champion's folder and the path that services load, as the history says. */
export interface PlaceChampionInput {
  storeId: string;
  name: string;
  /** As the spec says it. */
  directory: string;
}
/** `settleRetrain`: compares, decides, and writes the decision into the history. */
export interface SettleRetrainInput {
  storeId: string;
  spec: RetrainSpec;
  /** The champion that the candidate began with; absent: the base model. */
  champion?: PlacedChampion;
  start: string;
  /** As they were looked at. */
  inputs: RetrainInputs;
  candidate: Pick<FineTuneResult, 'model'> & { metrics: { before: Metrics; after: Metrics }; artifacts: RunArtifacts };
  /** The run that asks (`runId`: the first one's, which a reset leaves as it is), and the one that trained. */
  workflow: { workflowId: string; runId: string };
  trainedBy: string;
}
export interface SettleRetrainResult {
  outcome: 'promoted' | 'notPromoted';
  why: string;
  comparison?: RetrainComparison;
  /** Number of the entry in the history; absent when the champion changed meanwhile, so that nothing was decided. */
  entry?: number;
}

/** Champion (or base) against candidate on the same questions. */
export interface RetrainComparison {
  against: 'champion' | 'base';
  verdict: Verdict;
  /** Test questions compared, and those left out because one of the two models was trained on them. */
  questions: number;
  dropped: number;
}

/** What `retrain` returns. */
export interface RetrainResult {
  /** Name of the champion. */
  name: string;
  /** `unchanged`: nothing to train; `busy`: another retrain of this champion is at work. */
  outcome: 'promoted' | 'notPromoted' | 'unchanged' | 'busy';
  why: string;
  /** The champion that stands at the end; absent before the first promotion. */
  champion?: PlacedChampion;
  candidate?: { workflowId: string; path: string; sha256: string; report: string };
  comparison?: RetrainComparison;
  /** Of champion (or base) and candidate on the whole test part. */
  metrics?: { before: Metrics; after: Metrics };
  warnings: string[];
}
