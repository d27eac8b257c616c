// Entry of the trainer process: the only one that loads ONNX Runtime and transformers.js. Operations are the domain's own functions,
// given one warm engine that they share.
import { evaluateModel } from '../evaluation/evaluate-stage.js';
import { publishModel } from '../publishing/publish.js';
import type { WeightsRef } from '../spec/stages.js';
import { trainEpoch } from '../training/epoch.js';
import { planTraining } from '../training/plan.js';
import { createEngines, lendEngine } from './engines.js';
import { serveTrainer } from './serve.js';

serveTrainer((settings) => {
  const engines = createEngines(settings);
  return {
    planTraining: (input, context) => planTraining(input, { ...context, engines }),
    trainEpoch: (input, context) => trainEpoch(input, { ...context, engines }),
    evaluateModel: (input, context) => {
      const embedder = (weights: WeightsRef) => lendEngine({ ...context, engines, model: input.model, weights });
      return evaluateModel(input, { ...context, embedder });
    },
    publishModel: (input, context) => {
      const embedder = (weights: WeightsRef) => lendEngine({ ...context, engines, model: input.model, weights });
      return publishModel(input, { ...context, embedder });
    },
  };
});
