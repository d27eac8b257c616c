// Entry `temporal-finetune`: the Worker's side. Give the plugin to a Worker that you run already, or make Workers of our own.
export { FineTunePlugin, type FineTunePluginOptions } from './temporal/plugin.js';
export {
  connectWorker,
  createFineTuneWorkers,
  type ConnectWorkerOptions,
  type FineTuneWorkers,
  type FineTuneWorkersOptions,
} from './temporal/worker.js';
export { createActivities, type Activities, type WorkerSettings } from '../activities/index.js';
export type { ActivityTimes } from './spec/activity-times.js';
export type { AllowedSources } from './sources/source-settings.js';
export { DEFAULT_TASK_QUEUE, trainingTaskQueueOf } from './temporal/defaults.js';
export { FINAL_ERROR_TYPES, RETRYABLE_ERROR_TYPES, type FinalErrorType, type RetryableErrorType } from './errors.js';
export { parseSpec } from './spec/parse.js';
export type { FineTuneSpec, FineTuneSpecInput } from './spec/spec.js';
export type { Metrics, Verdict } from './spec/evaluation-stages.js';
export type { FineTuneResult } from './spec/publishing-stages.js';
