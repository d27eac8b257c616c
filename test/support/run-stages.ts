// Runs every stage up to publishing in this process, as the workflow does, and gives the input of `publishModel`.
import type { StageContext } from '../../src/artifacts/stage-context.js';
import { buildCorpus } from '../../src/dataset/corpus.js';
import { downloadDataset } from '../../src/dataset/fetch-dataset.js';
import { pinDataset } from '../../src/dataset/pin-dataset.js';
import { splitPairs } from '../../src/dataset/split.js';
import { transformPairs } from '../../src/dataset/transform.js';
import { evaluateModel } from '../../src/evaluation/evaluate-stage.js';
import { fetchBaseModel } from '../../src/models/base-model.js';
import type { PublishContext, PublishModelInput } from '../../src/publishing/publish.js';
import { pinModel } from '../../src/sources/pin.js';
import type { SourceSettings } from '../../src/sources/source-settings.js';
import { randomPart } from '../../src/spec/random-model.js';
import { isReadyDataset, type FineTuneSpec } from '../../src/spec/spec.js';
import type { EpochSummary, EvaluateResult } from '../../src/spec/evaluation-stages.js';
import type { SplitResult, TransformResult } from '../../src/spec/preparation-stages.js';
import type { WeightsRef } from '../../src/spec/stages.js';
import { createEngines, lendEngine } from '../../src/trainer/engines.js';
import { trainEpoch } from '../../src/training/epoch.js';
import { describeMachine } from '../../src/training/numerics.js';
import { planTraining } from '../../src/training/plan.js';

/** What publishing takes, and the end of the engine. */
export interface RanStages {
  input: PublishModelInput;
  context: PublishContext;
  close(): Promise<void>;
}

/** Prepares, trains and evaluates. */
export async function runStages(
  spec: FineTuneSpec,
  { settings, context, outputDirectory }: { settings: SourceSettings; context: StageContext; outputDirectory: string },
): Promise<RanStages> {
  const storeId = context.store.id;
  const pins = {
    model: await pinModel(spec.model, settings, context),
    dataset: await pinDataset(spec.dataset, settings, context),
  };
  const { kind, key } = await fetchBaseModel({ pin: pins.model, ...randomPart(spec.model) }, settings, context);
  const model = { kind, key };
  const { dataset } = spec;
  const { keep } = spec.training;
  const { artifact: snapshot } = await downloadDataset({ pin: pins.dataset, dataset }, settings, context);
  const made: { transform?: TransformResult; split?: SplitResult } = {};
  if (!isReadyDataset(dataset)) {
    made.transform = await transformPairs({ storeId, snapshot, dataset }, context);
    made.split = await splitPairs({ storeId, pairs: made.transform.artifact, dataset, keep }, context);
  }
  const corpus = await buildCorpus({ storeId, from: made.split?.artifact ?? snapshot, dataset, keep }, context);
  const retrieval = corpus.artifact;
  const engines = createEngines({ threads: 1 });
  const machine = describeMachine(1);
  const training = { ...context, engines, machine };
  const plan = await planTraining({ storeId, model, retrieval, spec }, training);
  const embedder = (weights: WeightsRef) => lendEngine({ ...training, model, weights });
  const evaluate = (weights: WeightsRef): Promise<EvaluateResult> =>
    evaluateModel(
      { storeId, model, retrieval, tokens: plan.tokens, weights, part: 'test', topK: spec.evaluation.topK },
      { ...context, embedder },
    );
  const before = await evaluate({ base: true });
  const epochs: EpochSummary[] = [];
  let [pairs, seconds, peakMemoryMb] = [0, 0, 0];
  for (let epoch = 1; epoch <= spec.training.epochs; epoch++) {
    const { lineage } = plan;
    const trained = await trainEpoch(
      { storeId, model, tokens: plan.tokens, plan: plan.plan, lineage, training: spec.training, epoch },
      training,
    );
    const { checkpoint, meanLoss } = trained;
    pairs += trained.pairs;
    seconds += trained.seconds;
    peakMemoryMb = Math.max(peakMemoryMb, trained.peakMemoryMb);
    epochs.push({ epoch, checkpoint, meanLoss, test: await evaluate({ checkpoint }) });
  }
  const last = epochs.at(-1)!;
  const input: PublishModelInput = {
    storeId,
    spec,
    pins,
    model,
    retrieval,
    tokens: plan.tokens,
    snapshot,
    ...made,
    corpus,
    plan,
    epochs,
    published: { epoch: last.epoch, checkpoint: last.checkpoint },
    before,
    after: last.test!,
    training: { pairs, seconds, pairsPerSecond: pairs / seconds, peakMemoryMb },
    warnings: [],
    workflow: { workflowId: 'test-workflow', runId: 'test-run' },
    outputDirectory,
    trainingEndedMs: Date.UTC(2026, 10, 24),
  };
  return { input, context: { ...context, embedder }, close: () => engines.clear() };
}
