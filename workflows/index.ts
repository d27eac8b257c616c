// Entry of the workflow bundle: the workflow types, which can be started by their names, and the messages that they know.
export * from './workflow-types.js';
export { sweep } from './sweep.js';
export { fineTuneTrial, type TrialResult } from './trial.js';
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
export type { EpochFigures, RunChange, RunMetrics, RunProgress } from './progress.js';
