// Training and evaluation: the base model first, then epoch after epoch, each evaluated on the test part for the table and, where the
// best epoch is to be kept, on the validation part for the choice; the test part never chooses. Changes that come while it trains, and a
// lack of memory, open new segments (segments.ts).
import { patched, workflowInfo } from '@temporalio/workflow';
import { FinalError } from '../src/errors.js';
import { demandValidation, trainingFigures } from '../src/spec/outcome.js';
import type { FineTuneSpec } from '../src/spec/spec.js';
import type { EpochSummary, EvaluateResult } from '../src/spec/evaluation-stages.js';
import type { TrainingFigures } from '../src/spec/publishing-stages.js';
import type { CheckpointRef, WeightsRef } from '../src/spec/stages.js';
import type { TrainEpochResult } from '../src/spec/training-stages.js';
import type { EpochBook } from './epoch-book.js';
import { isOutOfMemory } from './failures.js';
import type { Prepared } from './prepare.js';
import { addWarnings, advance, figuresOfEpoch, replaceLosses, type RunChange } from './progress.js';
import type { Run } from './run.js';
import { epochInput, openSegment, type Segment } from './segments.js';
import type { Steering } from './steering.js';

/** What training gave. */
export interface Trained {
  before: EvaluateResult;
  after: EvaluateResult;
  published: { epoch: number; checkpoint: CheckpointRef };
  figures: TrainingFigures;
  bitIdentical: boolean;
}

/** A training on its way: what it works with and where it stands. */
export interface Training {
  spec: FineTuneSpec;
  prepared: Prepared;
  steering: Steering;
  book: EpochBook;
  segment: Segment;
  /** The next epoch. */
  epoch: number;
  /** Of a trial: the last epoch for now; the schedule stays that of all epochs. */
  untilEpoch?: number | undefined;
  /** Changes to make again at the same steps, after damaged results sent the run back. */
  again: RunChange[];
}

/**
 * Evaluates the base model, trains every epoch and chooses the one to publish.
 *
 * @param onEpoch called after each epoch that another one follows; it may throw to go on elsewhere.
 */
export async function train(run: Run, training: Training, onEpoch: () => Promise<void>): Promise<Trained> {
  const { spec, prepared, steering, book } = training;
  const { keep } = spec.training;
  const { state } = run;
  demandValidation(spec, prepared.corpus);
  if (!book.state.before) {
    book.state.before = await evaluate(run, training, 'evaluate-before', { base: true }, 'test');
    state.before = book.state.before.metrics;
    state.epochs = [];
    state.losses = [];
  }
  const hasNext = (): boolean =>
    steering.hasEpoch(training.epoch, book.step) && training.epoch <= (training.untilEpoch ?? Infinity);
  while (hasNext()) {
    const { epoch } = training;
    const began = book.step;
    Object.assign(state.progress, { epoch, stage: 'train', step: began });
    state.resetEvents.set(epoch, workflowInfo().historyLength + 1);
    run.show();
    const result = await trainEpoch(run, training);
    if (result.checkpoint.step === began) break; // asked to stop before another step was made
    replaceLosses(state, began, result.losses);
    Object.assign(state.progress, { step: result.checkpoint.step, etaSeconds: undefined, loss: undefined });
    advance(state, 'epoch');
    const { checkpoint, meanLoss } = result;
    const summary: EpochSummary = { epoch, checkpoint, meanLoss };
    const resetEvent = state.resetEvents.get(epoch)!;
    const place = state.epochs.push({ ...figuresOfEpoch(summary), resetEvent }) - 1;
    const weights = { checkpoint };
    if (keep === 'best') {
      summary.validation = await evaluate(run, training, `validate-epoch-${epoch}`, weights, 'validation');
    }
    summary.test = await evaluate(run, training, `evaluate-epoch-${epoch}`, weights, 'test');
    state.epochs[place] = { ...figuresOfEpoch(summary), resetEvent };
    book.add(summary, result, keep);
    run.show();
    training.epoch++;
    await book.keep(run, prepared.pins.storeId);
    if (hasNext()) await onEpoch();
  }
  steering.close();

  const { before, chosen, sums } = book.state;
  if (!before || !chosen) {
    throw new FinalError(
      'InvalidData',
      'train: at least one step is made before training ends, got none, so that there is nothing to publish. Start the run again: it goes on from the last checkpoint.',
    );
  }
  state.after = chosen.test.metrics;
  state.publishedEpoch = chosen.epoch;
  return {
    before,
    after: chosen.test,
    published: { epoch: chosen.epoch, checkpoint: chosen.checkpoint },
    figures: trainingFigures(prepared.plan, [sums]),
    bitIdentical: sums.bitIdentical,
  };
}

/** Trains one epoch to its end, or to where `stopEarly` ended it, over pauses, changes and a lack of memory. */
async function trainEpoch(run: Run, training: Training): Promise<TrainEpochResult> {
  const { prepared, steering, book, epoch } = training;
  const begin = await changeAgain(run, training);
  let partial: TrainEpochResult | undefined;
  /** True while more may be saved than `partial` says. */
  let isBehind = false;
  for (;;) {
    await run.whilePaused();
    const change = isEarly(training) ? undefined : steering.take();
    if (change) {
      const checkpoint = partial?.checkpoint ?? begin ?? book.state.last;
      const from = isBehind ? { epoch } : checkpoint ? { checkpoint } : { base: true as const };
      training.segment = await openSegment(run, prepared, training.segment, { epoch, from, change });
      continue;
    }
    let untilStep: number | undefined;
    if (steering.stopsIn(epoch)) {
      if (partial && !isBehind && partial.checkpoint.step >= (steering.stop?.step ?? Math.max(book.step, 1))) {
        return partial;
      }
      // Up to what was last heard of; at least one step, so that there is something to publish.
      untilStep = steering.stop?.step ?? Math.max(run.state.progress.step, book.step, 1);
    }
    try {
      const result = await run.trainEpoch(titleOf(training), {
        ...epochInput(prepared, training.segment, epoch),
        ...(book.state.chosen && { chosen: book.state.chosen.checkpoint }),
        ...(untilStep !== undefined && { untilStep }),
      });
      if (result && (result.finished || isReached(result, untilStep))) return result;
      isBehind = result === undefined;
      partial = result ?? partial;
    } catch (error) {
      const { microBatchSize } = training.segment;
      if (!isOutOfMemory(error) || microBatchSize <= 1) throw error;
      const half = Math.ceil(microBatchSize / 2);
      book.state.sums.bitIdentical = false;
      addWarnings(run.state, [
        `Not bit-identical: memory ran out with micro-batches of ${microBatchSize} pairs in epoch ${epoch}; ` +
          `training goes on from the newest checkpoint with ${half}`,
      ]);
      const change = { microBatchSize: half };
      training.segment = await openSegment(run, prepared, training.segment, { epoch, from: { epoch }, change });
      isBehind = true;
    }
  }
}

/** True when a training that ends at a step came there; a pause may have ended the activity before. */
function isReached({ checkpoint }: TrainEpochResult, untilStep: number | undefined): boolean {
  return untilStep !== undefined && (checkpoint.step >= untilStep || !patched('stop-reached'));
}

/** True when earlier changes are still to be made again: what was asked for since then comes after them. */
function isEarly({ steering, again }: Training): boolean {
  return again.length > 0 && steering.isAsked && patched('changes-in-order');
}

/**
 * Makes the changes that an earlier pass through this epoch made, at the same steps.
 *
 * @returns where the last of them begins.
 */
async function changeAgain(run: Run, training: Training): Promise<CheckpointRef | undefined> {
  const { prepared, book, again, epoch } = training;
  let begin: CheckpointRef | undefined;
  while (again[0]?.epoch === epoch) {
    const { step, lineage, epoch: _epoch, ...change } = again[0];
    const checkpoint = lineage === undefined ? undefined : { lineage, step };
    let reached = checkpoint ? book.step : step;
    while (reached < step) {
      await run.whilePaused();
      const input = { ...epochInput(prepared, training.segment, epoch), untilStep: step };
      reached = (await run.trainEpoch(`Epoch ${epoch} again, to step ${step}`, input))?.checkpoint.step ?? reached;
    }
    const from = checkpoint ? { checkpoint } : { base: true as const };
    training.segment = await openSegment(run, prepared, training.segment, { epoch, from, change });
    begin = checkpoint;
    again.shift();
  }
  return begin;
}

function titleOf({ prepared: { plan }, epoch, segment, steering }: Training): string {
  const steps = plan.stepsPerEpoch[epoch - 1];
  const size = steps === undefined ? '' : `: ${steps} steps`;
  return `Epoch ${epoch} of ${steering.training.epochs}${size}, rate ${segment.training.learningRate}`;
}

function evaluate(
  run: Run,
  { spec, prepared: { pins, model, corpus, plan } }: Training,
  id: string,
  weights: WeightsRef,
  part: 'test' | 'validation',
): Promise<EvaluateResult> {
  return run.trainerStage('evaluate', 'evaluateModel', id, `Retrieval on the ${part} part`, {
    storeId: pins.storeId,
    model,
    retrieval: corpus.artifact,
    tokens: plan.tokens,
    weights,
    part,
    topK: spec.evaluation.topK,
  });
}
