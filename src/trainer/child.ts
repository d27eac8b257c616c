// Entry of the trainer process: the only one that loads ONNX Runtime and transformers.js. Operations are the domain's own functions,
// given one warm engine that they share.
import { recordRoot } from '../artifacts/run-root.js';
import { comparePairs } from '../evaluation/compare-pairs.js';
import { evaluateOn } from '../evaluation/evaluate-on.js';
import { evaluateModel } from '../evaluation/evaluate-stage.js';
import { nativeBlockProduct } from '../evaluation/native-block-product.js';
import { publishComparison } from '../publishing/publish-comparison.js';
import { placeChampion } from '../publishing/champion-folder.js';
import { publishModel } from '../publishing/publish.js';
import { settleRetrain } from '../publishing/settle-retrain.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { ArtifactRef, WeightsRef } from '../spec/stages.js';
import { trainEpoch } from '../training/epoch.js';
import { describeMachine } from '../training/numerics.js';
import { planTraining } from '../training/plan.js';
import { plannedRoot, publishedRoots, segmentRoot } from '../training/run-root.js';
import { openSegment } from '../training/segment.js';
import { createEngines, lendEngine } from './engines.js';
import { serveTrainer } from './serve.js';
import { usableCores } from './usable-cores.js';

const cores = await usableCores();

serveTrainer(({ threads = cores }) => {
  const engines = createEngines({ threads });
  const multiply = nativeBlockProduct({ threads });
  const machine = describeMachine(threads);
  const lender = (context: StageContext, model: ArtifactRef) => (weights: WeightsRef) =>
    lendEngine({ ...context, engines, machine, model, weights });
  return {
    planTraining: async (input, context) => {
      const result = await planTraining(input, { ...context, engines });
      await recordRoot(context.store, plannedRoot(input, result));
      return result;
    },
    openSegment: async (input, context) => {
      const result = await openSegment(input, context);
      await recordRoot(context.store, segmentRoot(input, result));
      return result;
    },
    trainEpoch: ({ claimant, ...input }, context) => trainEpoch(input, { ...context, engines, claimant, machine }),
    evaluateModel: (input, context) =>
      evaluateModel(input, { ...context, embedder: lender(context, input.model), multiply }),
    evaluateOn: (input, context) => evaluateOn(input, { ...context, embedder: lender(context, input.model), multiply }),
    compareEvaluations: comparePairs,
    publishComparison: (input) => publishComparison(input),
    publishModel: async (input, context) => {
      const result = await publishModel(input, { ...context, embedder: lender(context, input.model) });
      for (const root of await publishedRoots(context.store, input)) await recordRoot(context.store, root);
      return result;
    },
    settleRetrain,
    placeChampion: async ({ name, outputDirectory }, context) => {
      const champion = await placeChampion(context, name, outputDirectory);
      return champion ? { champion } : {};
    },
  };
});
