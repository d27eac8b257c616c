// Entry of the workflow bundle: the workflow types, which can be started by their names, and the messages that they know.
export * from './workflow-types.js';
export {
  extendEpochs,
  getMetrics,
  getProgress,
  pause,
  reportTraining,
  resume,
  setLearningRate,
  stopEarly,
  type SteeringReply,
} from './messages.js';
export type { TrialResult } from './trial.js';
export type { EpochFigures, RunChange, RunMetrics, RunProgress } from './progress.js';
