// What the trainer process can do: one typed map from an operation's name to its input and result. Types only, so that the Worker's
// side may import it without ONNX Runtime. Inputs and results are references, hashes and small numbers (src/spec/stages.ts).
import type { StageContext } from '../artifacts/stage-context.js';
import type {
  CompareEvaluationsInput,
  CompareEvaluationsResult,
  PublishComparisonInput,
  PublishComparisonResult,
} from '../spec/comparison.js';
import type { PlaceChampionInput, PlacedChampion, SettleRetrainInput, SettleRetrainResult } from '../spec/retrain.js';
import type { EvaluateInput, EvaluateOnInput, EvaluateResult } from '../spec/evaluation-stages.js';
import type { PlanInput, PlanResult } from '../spec/preparation-stages.js';
import type { PublishInput, PublishResult } from '../spec/publishing-stages.js';
import type {
  Claimant,
  OpenSegmentInput,
  OpenSegmentResult,
  TrainEpochInput,
  TrainEpochResult,
} from '../spec/training-stages.js';

/** Input and result of every operation. */
export interface TrainerOperations {
  planTraining: { input: PlanInput; result: PlanResult };
  openSegment: { input: OpenSegmentInput; result: OpenSegmentResult };
  /** `claimant`: the attempt that asks. */
  trainEpoch: { input: TrainEpochInput & { claimant?: Claimant }; result: TrainEpochResult };
  evaluateModel: { input: EvaluateInput; result: EvaluateResult };
  /** `outputDirectory`: absolute, inside the allowed folders. `trainingEndedMs`: since 1970, for the dates in the training log. */
  publishModel: { input: PublishInput & { outputDirectory: string; trainingEndedMs: number }; result: PublishResult };
  evaluateOn: { input: EvaluateOnInput; result: EvaluateResult };
  compareEvaluations: { input: CompareEvaluationsInput; result: CompareEvaluationsResult };
  publishComparison: { input: PublishComparisonInput & { outputDirectory: string }; result: PublishComparisonResult };
  /** `decidedMs`: since 1970. */
  settleRetrain: {
    input: SettleRetrainInput & { outputDirectory: string; decidedMs: number };
    result: SettleRetrainResult;
  };
  placeChampion: { input: PlaceChampionInput & { outputDirectory: string }; result: { champion?: PlacedChampion } };
}

/** Name of an operation. */
export type TrainerOperation = keyof TrainerOperations;

/** Surroundings of an operation in the trainer process. */
export interface TrainerContext extends StageContext {
  /** Tells the Worker that a checkpoint is about to be saved. */
  onCheckpoint: () => void;
}

/** The operations' code, as the trainer process runs it. */
export type TrainerImplementation = {
  [K in TrainerOperation]: (
    input: TrainerOperations[K]['input'],
    context: TrainerContext,
  ) => Promise<TrainerOperations[K]['result']>;
};

/** What the Worker tells the trainer process at its start. */
export interface TrainerSettings {
  storeFolder: string;
  /** The store that the run began on; another one in the folder is an error. */
  storeId: string;
  /** Threads of ONNX Runtime; absent = one a usable core. */
  threads?: number;
}
