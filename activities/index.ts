// All activities of a Worker, made from its settings. The Worker's process loads neither ONNX Runtime nor transformers.js: what needs
// them runs in the trainer process.
import type { Activities } from './activities.js';
import { buildCorpus } from './build-corpus.js';
import { compareEvaluations } from './compare-evaluations.js';
import { downloadDataset } from './download-dataset.js';
import { downloadModel } from './download-model.js';
import { evaluate } from './evaluate.js';
import { evaluateModel } from './evaluate-model.js';
import { evaluateOn } from './evaluate-on.js';
import { keepEpochs } from './keep-epochs.js';
import { openRetrain } from './open-retrain.js';
import { openSegment } from './open-segment.js';
import { pinInputs } from './pin-inputs.js';
import { placeChampion } from './place-champion.js';
import { planTraining } from './plan-training.js';
import { publishComparison } from './publish-comparison.js';
import { publishModel } from './publish-model.js';
import { settleRetrain } from './settle-retrain.js';
import { splitPairs } from './split-pairs.js';
import type { ActivityServices } from './stage-activity.js';
import { trainEpoch } from './train-epoch.js';
import { TrainerPool } from './trainer-pool.js';
import { transformPairs } from './transform-pairs.js';
import { UnexpectedErrors } from './unexpected.js';
import { sourceSettings, type WorkerSettings } from './worker-settings.js';

export type { Activities } from './activities.js';
export { inputsSha256 } from './inputs-hash.js';
export { TrainerPool } from './trainer-pool.js';
export { DEFAULT_TRAINING_TASK_QUEUE, sourceSettings, type WorkerSettings } from './worker-settings.js';

/**
 * Makes the activities.
 *
 * @param trainers The warm trainer; give one to close it when the Worker ends. Without, it ends with the Worker's process.
 */
export function createActivities(settings: WorkerSettings, trainers = new TrainerPool(settings)): Activities {
  const unexpected = new UnexpectedErrors();
  const services: ActivityServices = { settings, sources: sourceSettings(settings), trainers, unexpected };
  return {
    pinInputs: pinInputs(services),
    downloadModel: downloadModel(services),
    downloadDataset: downloadDataset(services),
    transformPairs: transformPairs(services),
    splitPairs: splitPairs(services),
    buildCorpus: buildCorpus(services),
    planTraining: planTraining(services),
    openSegment: openSegment(services),
    trainEpoch: trainEpoch(services),
    evaluateModel: evaluateModel(services),
    evaluate: evaluate(services),
    keepEpochs: keepEpochs(services),
    publishModel: publishModel(services),
    evaluateOn: evaluateOn(services),
    compareEvaluations: compareEvaluations(services),
    publishComparison: publishComparison(services),
    openRetrain: openRetrain(services),
    settleRetrain: settleRetrain(services),
    placeChampion: placeChampion(services),
  };
}
