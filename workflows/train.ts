// Training and evaluation: the base model first, then epoch after epoch, each evaluated on the test part for the table and, where the
// best epoch is to be kept, on the validation part for the choice; the test part never chooses.
import { workflowInfo } from '@temporalio/workflow';
import { chooseEpoch, demandValidation, trainingFigures } from '../src/spec/outcome.js';
import type { FineTuneSpec } from '../src/spec/spec.js';
import type {
  CheckpointRef,
  EpochSummary,
  EvaluateResult,
  TrainEpochResult,
  TrainingFigures,
  WeightsRef,
} from '../src/spec/stages.js';
import type { Prepared } from './prepare.js';
import type { Run } from './run.js';

/** What training gave. */
export interface Trained {
  before: EvaluateResult;
  after: EvaluateResult;
  epochs: EpochSummary[];
  published: { epoch: number; checkpoint: CheckpointRef };
  figures: TrainingFigures;
  bitIdentical: boolean;
}

/** Evaluates the base model, trains every epoch and chooses the one to publish. */
export async function train(run: Run, spec: FineTuneSpec, prepared: Prepared): Promise<Trained> {
  const { training } = spec;
  const { pins, model, corpus, plan } = prepared;
  demandValidation(spec, corpus);
  const evaluate = (id: string, weights: WeightsRef, part: 'test' | 'validation'): Promise<EvaluateResult> =>
    run.trainerStage('evaluate', 'evaluateModel', id, `Retrieval on the ${part} part`, {
      storeId: pins.storeId,
      model,
      retrieval: corpus.artifact,
      tokens: plan.tokens,
      weights,
      part,
      topK: spec.evaluation.topK,
    });
  const before = await evaluate('evaluate-before', { base: true }, 'test');
  run.state.before = before.metrics;
  run.state.epochs = [];

  const results: TrainEpochResult[] = [];
  for (let epoch = 1; epoch <= training.epochs; epoch++) {
    run.state.progress.epoch = epoch;
    run.state.progress.stage = 'train';
    run.state.resetEvents.set(epoch, workflowInfo().historyLength + 1);
    run.show();
    const steps = plan.stepsPerEpoch[epoch - 1] ?? 0;
    const result = await run.trainEpoch(`Epoch ${epoch} of ${training.epochs}: ${steps} steps`, {
      storeId: pins.storeId,
      model,
      tokens: plan.tokens,
      plan: plan.plan,
      lineage: plan.lineage,
      training,
      epoch,
    });
    results.push(result);
    const { checkpoint, meanLoss } = result;
    const summary: EpochSummary = { epoch, checkpoint, meanLoss };
    run.state.epochs.push(summary);
    const weights = { checkpoint };
    if (training.keep === 'best') summary.validation = await evaluate(`validate-epoch-${epoch}`, weights, 'validation');
    summary.test = await evaluate(`evaluate-epoch-${epoch}`, weights, 'test');
    run.show();
  }

  const chosen = chooseEpoch(run.state.epochs, training.keep);
  run.state.after = chosen.test.metrics;
  run.state.publishedEpoch = chosen.epoch;
  return {
    before,
    after: chosen.test,
    epochs: run.state.epochs,
    published: { epoch: chosen.epoch, checkpoint: chosen.checkpoint },
    figures: trainingFigures(plan, results),
    bitIdentical: results.every(({ bitIdentical }) => bitIdentical),
  };
}
