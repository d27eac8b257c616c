// The workflow types of this package, without the messages: what the plugin adds to a Worker's own. A new type has its line here.
export { chain } from './chain.js';
export { fineTune } from './fine-tune.js';
export { retrain } from './retrain.js';
export { sweep } from './sweep.js';
export { fineTuneTrial } from './trial.js';
