// What crosses between the workflow and the activities that prepare a run, in the order in which it meets them: from pinning to the plan.
import type { ActivityTimes } from './activity-times.js';
import type { DatasetSpec, FineTuneSpec, RandomModelSpec, TrainingSpec } from './spec.js';
import type { ArtifactRef, Part } from './stages.js';

/** `pinInputs`: what moves is fixed first. */
export interface PinInput {
  spec: FineTuneSpec;
  /** True for the run's first activity: only it may make a store. */
  mayCreateStore: boolean;
  /** What the workflow that this run belongs to has fixed before; it is taken as it is. */
  pins?: { model?: ModelPin; dataset?: DatasetPin };
  /** Name of the comparison that will be published beside what the spec names. */
  comparison?: string;
}
export interface PinResult {
  storeId: string;
  model: ModelPin;
  dataset: DatasetPin;
  /** Settings of the Worker that the workflow needs; a start from the UI carries none. */
  trainingTaskQueue: string;
  /** True when search attributes are to be set and the server knows them. */
  searchAttributes?: true;
  /** Timeouts and retries, where the Worker's owner set any. */
  activityTimes?: ActivityTimes;
  /** Absolute path of `output.directory`, as this Worker sees it; absent from Workers of before. */
  outputDirectory?: string;
  /** Hash of all that decides the result: what was pinned and the spec, without names and paths of output. */
  inputsSha256: string;
  warnings: string[];
}
export type ModelPin =
  | { type: 'hub'; id: string; commit: string }
  /** `snapshot`: the folder's files, already in the store (kind `model-folder`). */
  | { type: 'local'; label: string; snapshot: ArtifactRef }
  | { type: 'random'; label: string; snapshot: ArtifactRef };
export type DatasetPin =
  /** `conversion`: commit of the Hub's own Parquet conversion, when the repository's files are of no readable format. */
  | { type: 'hub'; id: string; commit: string; conversion?: string }
  | { type: 'local'; label: string; snapshot: ArtifactRef }
  | { type: 'ready'; label: string; snapshot: ArtifactRef };

/** `downloadModel` → kind `model-folder`. */
export interface DownloadModelInput {
  storeId: string;
  pin: ModelPin;
  /** For a random pin: the shape of the model to make. */
  random?: RandomModelSpec;
}
/** `downloadDataset` → kind `dataset-snapshot`. */
export interface DownloadDatasetInput {
  storeId: string;
  pin: DatasetPin;
  dataset: DatasetSpec;
}
export interface DownloadResult {
  artifact: ArtifactRef;
  files: number;
  bytes: number;
}

/** `transformPairs` → kind `pairs`. */
export interface TransformInput {
  storeId: string;
  snapshot: ArtifactRef;
  dataset: DatasetSpec;
}
export interface TransformResult {
  artifact: ArtifactRef;
  /** By split: rows read, pairs kept, rows dropped by reason. */
  splits: Record<string, { rows: number; kept: number; dropped: Record<string, number> }>;
}

/** `splitPairs` → kind `split`: parts train, validation (when asked for), test. */
export interface SplitInput {
  storeId: string;
  pairs: ArtifactRef;
  dataset: DatasetSpec;
  keep: TrainingSpec['keep'];
}
export interface SplitResult {
  artifact: ArtifactRef;
  parts: Partial<Record<Part, number>>;
  dropped: Record<string, number>;
}

/** `buildCorpus` → kind `retrieval`: one EmbeddingQAFinetuneDataset JSON a part; also made from ready files. */
export interface CorpusInput {
  storeId: string;
  /** A `split` artifact, or the `dataset-snapshot` of ready files. */
  from: ArtifactRef;
  dataset: DatasetSpec;
  keep: TrainingSpec['keep'];
}
export interface CorpusResult {
  artifact: ArtifactRef;
  parts: Partial<Record<Part, { queries: number; documents: number; pairs: number }>>;
  /** Hash of the training part's content: what lineage is made of. */
  trainSha256: string;
  warnings: string[];
}

/** `planTraining` → kinds `tokens` and `training-plan`: token ids of every part, every epoch's batches counted. */
export interface PlanInput {
  storeId: string;
  model: ArtifactRef;
  retrieval: ArtifactRef;
  spec: Pick<FineTuneSpec, 'prompts' | 'training'>;
  /** What `retrieval` was made from, to be kept in the store as long as the run needs it: publishing does. */
  madeFrom?: ArtifactRef[];
  /** What the spec calls the model, for warnings. */
  modelName?: string;
  /** True when memory ran out in an earlier call, which may have taken the whole trainer with it: no step is tried then. */
  memoryRanOut?: true;
}
export interface PlanResult {
  tokens: ArtifactRef;
  plan: ArtifactRef;
  lineage: string;
  pairs: number;
  stepsPerEpoch: number[];
  totalSteps: number;
  microBatchSize: number;
  /** Values of the model's parameters, and of those that are trained (`training.freeze`). */
  parameters?: { all: number; trained: number };
  /** Texts longer than the model takes, by part: cut and counted. */
  cut: Partial<Record<Part, { queries: number; documents: number }>>;
  estimate: { seconds: number; memoryMb: number; diskMb: number };
  seconds: number;
  warnings: string[];
}
