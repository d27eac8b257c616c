// Entry `temporal-finetune/client`: starts and follows runs from any process; nothing native.
export {
  defaultWorkflowId,
  fineTuneHandle,
  followFineTune,
  hasSameInputs,
  startFineTune,
  type FineTuneHandle,
  type FineTuneRun,
  type StartFineTuneOptions,
} from './temporal/client.js';
export {
  severalProgress,
  startChain,
  startSweep,
  type ChainRun,
  type StartSeveralOptions,
  type SweepRun,
} from './temporal/several-client.js';
export type { StartOptions, WorkflowRun } from './temporal/start-or-join.js';
export { evaluateAlone, type EvaluateAloneOptions } from './temporal/evaluate-client.js';
export { watchRun, type ActivitySnapshot, type RunSnapshot, type WatchRunOptions } from './temporal/run-watch.js';
export {
  createRetrainSchedule,
  defaultScheduleId,
  listRetrainSchedules,
  retrainSchedule,
  updateRetrainSchedule,
  type RetrainScheduleOptions,
  type RetrainScheduleSummary,
} from './temporal/schedules.js';
export {
  CHAIN_WORKFLOW,
  DEFAULT_TASK_QUEUE,
  FINE_TUNE_WORKFLOW,
  RETRAIN_WORKFLOW,
  SWEEP_WORKFLOW,
} from './temporal/defaults.js';
export { fineTuneSpecSchema, type FineTuneSpec, type FineTuneSpecInput } from './spec/spec.js';
export {
  parseRetrainSpec,
  retrainSpecSchema,
  type RetrainResult,
  type RetrainSpec,
  type RetrainSpecInput,
} from './spec/retrain.js';
export { sweepSpecSchema, type SweepSpecInput } from './spec/sweep.js';
export { chainSpecSchema, type ChainSpecInput } from './spec/chain.js';
export type { ChainResult, SeveralProgress, StepRow, SweepResult, TrialRow } from './spec/comparison.js';
export { parseSpec } from './spec/parse.js';
export { FINAL_ERROR_TYPES, RETRYABLE_ERROR_TYPES, type FinalErrorType, type RetryableErrorType } from './errors.js';
export type { EvaluationReport, Metrics, Verdict } from './spec/evaluation-stages.js';
export type { FineTuneResult, TrainingFigures } from './spec/publishing-stages.js';
export type { StageProgress } from './spec/stages.js';
export type { SteeringReply } from '../workflows/messages.js';
export type { RunMetrics, RunProgress } from '../workflows/progress.js';
