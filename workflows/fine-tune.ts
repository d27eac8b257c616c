// The workflow: one optional JSON object in, a fine-tuned model out. It only orders stages; every stage is idempotent, so a damaged
// result of an earlier one is mended by going through all of them again, which finds at once whatever is whole.
import { isCancellation, patched, upsertMemo, workflowInfo } from '@temporalio/workflow';
import { outputName } from '../src/spec/names.js';
import { parseSpec } from '../src/spec/parse.js';
import type { FineTuneSpec } from '../src/spec/spec.js';
import type { PinResult } from '../src/spec/preparation-stages.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import { METRIC } from './curve.js';
import { carriedState, continueWhenLong, type Carried } from './carry.js';
import { EpochBook } from './epoch-book.js';
import { isArtifactDamaged, MOST_REPAIRS, toWorkflowFailure } from './failures.js';
import { registerMessages } from './messages.js';
import { pin, pinAgain, prepare } from './prepare.js';
import { MOST_EPOCHS_TOLD, newRunState, type RunChange } from './progress.js';
import { Run } from './run.js';
import { firstSegment } from './segments.js';
import { tagRun } from './search-attributes.js';
import { Steering } from './steering.js';
import type { RunOrder } from './order.js';
import { train, type Trained, type Training } from './train.js';

/**
 * Fine-tunes a text-embedding model on question/answer data.
 *
 * @param input A spec (src/spec/spec.ts); without one the run fails and says what is needed, with an example.
 * @param carried What the run hands to itself when it continues as new; never given at a start.
 * @param order What a workflow fixes for a run that it starts itself; people never give it.
 */
export async function fineTune(input?: unknown, carried?: Carried, order?: RunOrder): Promise<FineTuneResult> {
  return trainAs({ input, carried, order }, publish);
}

/** What a run is told at its start. */
export interface TrainAsOptions {
  input: unknown;
  carried?: Carried | undefined;
  order?: RunOrder | undefined;
}

/** Parses the spec, prepares and trains; `finish` makes the result of what was trained. */
export async function trainAs<Result>(
  options: TrainAsOptions,
  finish: (run: Run, training: Training, trained: Trained) => Promise<Result>,
): Promise<Result> {
  try {
    return await runSpec(parseSpec(options.input), options, finish);
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

async function runSpec<Result>(
  spec: FineTuneSpec,
  { input, carried, order = {} }: TrainAsOptions,
  finish: (run: Run, training: Training, trained: Trained) => Promise<Result>,
): Promise<Result> {
  const name = order.name ?? outputName(spec);
  const run = new Run(carried ? carriedState(carried) : newRunState(name, spec.training.epochs));
  const isTrial = order.untilEpoch !== undefined;
  const steering = new Steering(run, carried?.training ?? spec.training, carried?.pending, { isTrial }, carried?.stop);
  registerMessages(run, steering);
  let training: Training | undefined;
  let again: RunChange[] = [];
  if (carried) {
    run.repairs = carried.repairs;
    run.useWorker(carried.prepared.pins);
    const { prepared, segment, epoch } = carried;
    again = carried.again ?? [];
    training = { ...{ spec, prepared, steering, segment, epoch, again }, book: new EpochBook(carried.book) };
  }
  const pins = carried?.prepared.pins ?? (await pin(run, spec, order.pins));
  for (;;) {
    try {
      training ??= await beginTraining(run, steering, spec, pins, again);
      if (isTrial) training.untilEpoch = order.untilEpoch;
      const ongoing = training;
      const trained = await train(run, training, () => continueWhenLong(run, ongoing, { input, order }));
      return await finish(run, training, trained);
    } catch (error) {
      if (isCancellation(error) || !isArtifactDamaged(error) || run.repairs >= MOST_REPAIRS) throw error;
      run.repairs++;
      again = changesToMake(run, training?.again ?? again);
      training = undefined;
      run.state.progress.warnings.push(
        `A stored result was damaged or gone and is made again (${run.repairs} of at most ${MOST_REPAIRS} times)`,
      );
      steering.rememberStop();
      Object.assign(run.state.progress, { fraction: 0, epoch: 0, step: 0 });
      await pinAgain(run, spec, pins);
    }
  }
}

/** The changes that this pass made, and those that it still had to make again when it ended. */
function changesToMake(run: Run, left: RunChange[]): RunChange[] {
  const made = run.state.progress.changes;
  run.state.progress.changes = [];
  return left.length > 0 && patched('changes-in-order') ? [...made, ...left] : made;
}

/** Goes through the stages before training. */
async function beginTraining(
  run: Run,
  steering: Steering,
  spec: FineTuneSpec,
  pins: PinResult,
  again: RunChange[],
): Promise<Training> {
  const prepared = await prepare(run, spec, pins);
  const segment = firstSegment(prepared, spec.training);
  steering.reopen();
  return { ...{ spec, prepared, steering, segment, again }, epoch: 1, book: new EpochBook() };
}

async function publish(run: Run, training: Training, trained: Trained): Promise<FineTuneResult> {
  const { spec, prepared, book } = training;
  const { pins } = prepared;
  const { workflowId, runId } = workflowInfo();
  const { progress } = run.state;
  const published = await run.trainerStage('publish', 'publishModel', 'publish-model', progress.name, {
    storeId: pins.storeId,
    spec,
    pins: { model: pins.model, dataset: pins.dataset },
    model: prepared.model,
    retrieval: prepared.corpus.artifact,
    tokens: prepared.plan.tokens,
    snapshot: prepared.snapshot,
    ...(prepared.transform && { transform: prepared.transform }),
    ...(prepared.split && { split: prepared.split }),
    corpus: prepared.corpus,
    plan: { ...prepared.plan, stepsPerEpoch: [] },
    ...(book.state.kept && { earlierEpochs: book.state.kept }),
    epochs: book.state.recent,
    published: trained.published,
    before: trained.before,
    after: trained.after,
    training: trained.figures,
    warnings: progress.warnings,
    workflow: { workflowId, runId },
  });
  const { model, report, verdict } = published;
  Object.assign(progress, { stage: 'done', fraction: 1, result: { model, report, verdict } });
  run.show();
  const result: FineTuneResult = {
    model,
    metrics: {
      before: trained.before.metrics,
      after: trained.after.metrics,
      epochs: run.state.epochs.slice(-MOST_EPOCHS_TOLD).map(({ epoch, metrics = {} }) => ({ epoch, metrics })),
    },
    verdict,
    training: trained.figures,
    publishedEpoch: trained.published.epoch,
    report,
    bitIdentical: trained.bitIdentical,
    warnings: progress.warnings,
    inputsSha256: pins.inputsSha256,
    artifacts: {
      retrieval: prepared.corpus.artifact,
      before: trained.before.artifact,
      after: trained.after.artifact,
    },
  };
  // The page is empty when no Worker runs; the memo is not.
  upsertMemo({
    model,
    report,
    verdict,
    metrics: { before: result.metrics.before, after: result.metrics.after },
    inputsSha256: pins.inputsSha256,
  });
  tagRun(pins, {
    FinetuneVerdict: verdict.verdict,
    ...(METRIC in result.metrics.before && { FinetuneBefore: result.metrics.before[METRIC] }),
    ...(METRIC in result.metrics.after && { FinetuneAfter: result.metrics.after[METRIC] }),
  });
  return result;
}
