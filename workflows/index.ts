// Entry of the workflow bundle: what is exported here can be started by its name.
export { fineTune } from './fine-tune.js';
export { retrain } from './retrain.js';
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
