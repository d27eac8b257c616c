// Entry of the workflow bundle: what is exported here can be started by its name.
export { fineTune, getMetrics, getProgress, pause, resume } from './fine-tune.js';
export type { RunMetrics, RunProgress } from './progress.js';
