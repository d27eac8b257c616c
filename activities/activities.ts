// The activities' names, inputs and results: what the workflow imports, as types only.
import type {
  CompareEvaluationsInput,
  CompareEvaluationsResult,
  PublishComparisonInput,
  PublishComparisonResult,
} from '../src/spec/comparison.js';
import type { FineTuneSpecInput } from '../src/spec/spec.js';
import type {
  OpenRetrainInput,
  OpenRetrainResult,
  PlaceChampionInput,
  PlacedChampion,
  SettleRetrainInput,
  SettleRetrainResult,
} from '../src/spec/retrain.js';
import type {
  EvaluateInput,
  EvaluateOnInput,
  EvaluateResult,
  EvaluationReport,
} from '../src/spec/evaluation-stages.js';
import type {
  CorpusInput,
  CorpusResult,
  DownloadDatasetInput,
  DownloadModelInput,
  DownloadResult,
  PinInput,
  PinResult,
  PlanInput,
  PlanResult,
  SplitInput,
  SplitResult,
  TransformInput,
  TransformResult,
} from '../src/spec/preparation-stages.js';
import type { PublishInput, PublishResult } from '../src/spec/publishing-stages.js';
import type {
  KeepEpochsInput,
  KeepEpochsResult,
  OpenSegmentInput,
  OpenSegmentResult,
  TrainEpochInput,
  TrainEpochResult,
} from '../src/spec/training-stages.js';

/** A stage's result, and what was told while it ran. */
export type Told<Result> = Result & { warnings?: string[] };

/** One durable step a stage; those from `planTraining` on use the trainer process and run on the training task queue. */
export interface Activities {
  pinInputs: (input: PinInput) => Promise<Told<PinResult>>;
  downloadModel: (input: DownloadModelInput) => Promise<Told<DownloadResult>>;
  downloadDataset: (input: DownloadDatasetInput) => Promise<Told<DownloadResult>>;
  transformPairs: (input: TransformInput) => Promise<Told<TransformResult>>;
  splitPairs: (input: SplitInput) => Promise<Told<SplitResult>>;
  buildCorpus: (input: CorpusInput) => Promise<Told<CorpusResult>>;
  planTraining: (input: PlanInput) => Promise<Told<PlanResult>>;
  /** After a change of rate, epochs or micro-batch. */
  openSegment: (input: OpenSegmentInput) => Promise<Told<OpenSegmentResult>>;
  trainEpoch: (input: TrainEpochInput) => Promise<Told<TrainEpochResult>>;
  evaluateModel: (input: EvaluateInput) => Promise<Told<EvaluateResult>>;
  keepEpochs: (input: KeepEpochsInput) => Promise<Told<KeepEpochsResult>>;
  publishModel: (input: PublishInput) => Promise<Told<PublishResult>>;
  /** For the comparison of several runs (`sweep`, `chain`). */
  evaluateOn: (input: EvaluateOnInput) => Promise<Told<EvaluateResult>>;
  compareEvaluations: (input: CompareEvaluationsInput) => Promise<Told<CompareEvaluationsResult>>;
  publishComparison: (input: PublishComparisonInput) => Promise<Told<PublishComparisonResult>>;
  /** The first of a retrain: has anything changed? */
  openRetrain: (input: OpenRetrainInput) => Promise<Told<OpenRetrainResult>>;
  /** The last of a retrain: promoted or not, and why. */
  settleRetrain: (input: SettleRetrainInput) => Promise<Told<SettleRetrainResult>>;
  /** By itself, without a workflow: a model as it is, on a dataset's test part. */
  evaluate: (spec: FineTuneSpecInput) => Promise<Told<EvaluationReport>>;
  placeChampion: (input: PlaceChampionInput) => Promise<Told<{ champion?: PlacedChampion }>>;
}
