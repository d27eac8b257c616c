// What crosses the border between the workflow and its activities: references, hashes and small numbers, never text or tensors.
// One pair of types a stage, in the order in which a run meets them.
import type { ActivityTimes } from './activity-times.js';
import type { DatasetSpec, FineTuneSpec, ModelSpec, RandomModelSpec, TrainingSpec } from './spec.js';

/** Points to a remembered result in the store: its kind and the hash of the inputs it was made from. */
export interface ArtifactRef {
  kind: string;
  key: string;
}

/** Points to a checkpoint: which training (all that decides its weights, hashed), after how many steps. */
export interface CheckpointRef {
  lineage: string;
  step: number;
}

/** Weights to evaluate or publish: the base model's own, or a checkpoint's. */
export type WeightsRef = { base: true } | { checkpoint: CheckpointRef };

/** The stages of a run, in order. */
export const STAGES = [
  'pin',
  'download',
  'transform',
  'split',
  'corpus',
  'tokenize',
  'evaluate',
  'train',
  'publish',
] as const;
export type Stage = (typeof STAGES)[number];

/** What a stage reports while it runs; sent with heartbeats. */
export interface StageProgress {
  stage: Stage;
  done: number;
  total: number;
  unit: 'bytes' | 'files' | 'rows' | 'texts' | 'steps' | 'questions';
  epoch?: number;
  epochs?: number;
  loss?: number;
  learningRate?: number;
  pairsPerSecond?: number;
  etaSeconds?: number;
  /** One line for the eye: a warning, or what is going on. */
  note?: string;
}

/** `pinInputs`: what moves is fixed first. */
export interface PinInput {
  spec: FineTuneSpec;
  /** True for the run's first activity: only it may make a store. */
  mayCreateStore: boolean;
  /** What the workflow that this run belongs to has fixed before; it is taken as it is. */
  pins?: { model?: ModelPin; dataset?: DatasetPin };
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
export type Part = 'train' | 'validation' | 'test';

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
  /** What the spec calls the model, for warnings. */
  modelName?: string;
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

/** `trainEpoch`: one epoch of a segment, from its newest checkpoint. */
export interface TrainEpochInput {
  storeId: string;
  model: ArtifactRef;
  tokens: ArtifactRef;
  plan: ArtifactRef;
  lineage: string;
  training: TrainingSpec;
  /** From 1. */
  epoch: number;
  /** Stop after so many steps of the whole run, inside the epoch. */
  untilStep?: number;
  /** To be published if nothing better comes: retention leaves it its tensors. */
  chosen?: CheckpointRef;
}
/** Who trains: what an attempt of an activity knows of itself, for the claim on a lineage. */
export interface Claimant {
  /** Namespace and workflow id. */
  workflow: string;
  activity: string;
  /** When the server scheduled this attempt, in milliseconds since 1970: rises from attempt to attempt, whatever made them. */
  scheduledMs: number;
  /** Hash of the attempt's task token. */
  owner: string;
  attempt: number;
  /** Milliseconds after which an untouched claim counts no more: two heartbeat timeouts. */
  freshMs: number;
}
export interface TrainEpochResult {
  checkpoint: CheckpointRef;
  epoch: number;
  /** False when the activity was asked to stop before the epoch's end. */
  finished: boolean;
  meanLoss: number;
  /** The epoch's loss for the eye: at most 24 points of step (from 1) and mean loss since the point before. */
  losses?: LossPoint[];
  seconds: number;
  pairs: number;
  peakMemoryMb: number;
  bitIdentical: boolean;
  warnings: string[];
}

/** Steps done (from 1), and the mean loss of the steps since the point before. */
export type LossPoint = [step: number, loss: number];

/** What the training activity tells the workflow now and then, for the run's page (the signal `reportTraining`); at most 1 KB. */
export interface TrainingReport {
  epoch: number;
  /** Steps done over the whole run. */
  step: number;
  loss?: number;
  learningRate?: number;
  pairsPerSecond?: number;
  /** Seconds until the end of training. */
  etaSeconds?: number;
  /** Since the report before, at most 16. */
  losses: LossPoint[];
}

/** `openSegment` → kind `training-plan`: training goes on from a checkpoint under other settings, under a lineage of its own. */
export interface OpenSegmentInput {
  storeId: string;
  model: ArtifactRef;
  tokens: ArtifactRef;
  /** Plan of the segment before. */
  plan: ArtifactRef;
  /** Where to go on. `epoch`: the newest checkpoint of the segment before up to this epoch's end; the base model when it has none. */
  from: { checkpoint: CheckpointRef } | { base: true } | { epoch: number };
  /** Settings from there on. */
  training: TrainingSpec;
  /** Default: that of the segment before. */
  microBatchSize?: number;
}
export interface OpenSegmentResult {
  plan: ArtifactRef;
  lineage: string;
  /** Absent when it begins with the base model. */
  parent?: CheckpointRef;
  totalSteps: number;
  microBatchSize: number;
}

/** `keepEpochs` → kind `epochs`: results of epochs that would make payloads grow with the run. */
export interface KeepEpochsInput {
  storeId: string;
  /** The ones kept before. */
  previous?: ArtifactRef;
  epochs: EpochSummary[];
}
export interface KeepEpochsResult {
  artifact: ArtifactRef;
}

/** `evaluateModel` → kind `evaluation`. */
export interface EvaluateInput {
  storeId: string;
  model: ArtifactRef;
  retrieval: ArtifactRef;
  tokens: ArtifactRef;
  weights: WeightsRef;
  part: 'validation' | 'test';
  topK: number;
}
export interface EvaluateResult {
  artifact: ArtifactRef;
  metrics: Metrics;
  queries: number;
  documents: number;
  seconds: number;
}
/** `evaluateOn` → kind `evaluation`: a whole model on a part of any prepared data; `prompts` and length as a spec gives them. */
export interface EvaluateOnInput {
  storeId: string;
  model: ArtifactRef;
  retrieval: ArtifactRef;
  prompts: FineTuneSpec['prompts'];
  maxSequenceLength: number | null;
  part: 'validation' | 'test';
  topK: number;
}
/** What `evaluate` returns, the activity that runs without a workflow: figures on the test part, and what they are of. */
export interface EvaluationReport extends Omit<EvaluateResult, 'artifact'> {
  model: string;
  dataset: string;
}
/** sentence-transformers' keys without their `cosine_` prefix, e.g. `ndcg@10`, and `hit_rate@<topK>`. */
export type Metrics = Record<string, number>;

/** Before against after, by a paired bootstrap over the test answers. */
export interface Verdict {
  verdict: 'improved' | 'unclear' | 'worse';
  metric: 'ndcg@10';
  difference: number;
  /** 95 % interval of the difference. */
  interval: [number, number];
  resamples: number;
}

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
export interface EpochSummary {
  epoch: number;
  checkpoint: CheckpointRef;
  meanLoss: number;
  test?: EvaluateResult;
  validation?: EvaluateResult;
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

export type { DatasetSpec, ModelSpec };
