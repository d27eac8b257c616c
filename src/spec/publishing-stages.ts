// What crosses between the workflow and the activity that publishes, and what a run returns.
import type { EpochSummary, EvaluateResult, Metrics, Verdict } from './evaluation-stages.js';
import type {
  CorpusResult,
  DatasetPin,
  ModelPin,
  PlanResult,
  SplitResult,
  TransformResult,
} from './preparation-stages.js';
import type { FineTuneSpec } from './spec.js';
import type { ArtifactRef, CheckpointRef } from './stages.js';

/** `publishModel`: the output tree, replaced by one rename. */
export interface PublishInput {
  storeId: string;
  spec: FineTuneSpec;
  pins: { model: ModelPin; dataset: DatasetPin };
  model: ArtifactRef;
  retrieval: ArtifactRef;
  tokens: ArtifactRef;
  /** The `dataset-snapshot`: the raw files, published beside what was made of them. */
  snapshot?: ArtifactRef;
  /** Absent for ready files. */
  transform?: TransformResult;
  split?: SplitResult;
  corpus: CorpusResult;
  /** Steps by epoch are known from the epochs' checkpoints. */
  plan: Omit<PlanResult, 'stepsPerEpoch'> & Partial<Pick<PlanResult, 'stepsPerEpoch'>>;
  /** The epochs before `epochs`, where they were kept in the store (`keepEpochs`). */
  earlierEpochs?: ArtifactRef;
  epochs: EpochSummary[];
  published: { epoch: number; checkpoint: CheckpointRef };
  before: EvaluateResult;
  after: EvaluateResult;
  training: TrainingFigures;
  warnings: string[];
  workflow: { workflowId: string; runId: string };
}
export interface PublishResult {
  model: { path: string; sha256: string };
  report: string;
  verdict: Verdict;
}

/**
 * `pairs`: trained on, over all epochs. `seconds`: tokenising, steps and checkpoints, without evaluation. `peakMemoryMb`: of the
 * trainer process.
 */
export interface TrainingFigures {
  pairs: number;
  seconds: number;
  pairsPerSecond: number;
  peakMemoryMb: number;
}

/** What `fineTune` returns. */
export interface FineTuneResult {
  model: { path: string; sha256: string };
  /** `epochs`: at most 60, the last ones, with the three figures of the run's page; the report has all. */
  metrics: { before: Metrics; after: Metrics; epochs: { epoch: number; metrics: Metrics }[] };
  verdict: Verdict;
  training: TrainingFigures;
  publishedEpoch: number;
  report: string;
  bitIdentical: boolean;
  warnings: string[];
  /** Hash of all inputs, to tell whether a new run would train the same. */
  inputsSha256: string;
  /** What the figures were made from, in the store of the Worker; absent from runs without a workflow and of earlier versions. */
  artifacts?: RunArtifacts;
}
/** The prepared data of a run, and its evaluations on the test part: of the model that it began with and of the published epoch. */
export interface RunArtifacts {
  retrieval: ArtifactRef;
  before: ArtifactRef;
  after: ArtifactRef;
}
