// The workflow: one optional JSON object in, a fine-tuned model out. It only orders stages; every stage is idempotent, so a damaged
// result of an earlier one is mended by going through all of them again, which finds at once whatever is whole.
import { defineQuery, defineSignal, isCancellation, setHandler, upsertMemo, workflowInfo } from '@temporalio/workflow';
import { outputName } from '../src/spec/names.js';
import { parseSpec } from '../src/spec/parse.js';
import type { FineTuneSpec } from '../src/spec/spec.js';
import type { FineTuneResult, PinResult } from '../src/spec/stages.js';
import { isArtifactDamaged, toWorkflowFailure } from './failures.js';
import { pin, pinAgain, prepare } from './prepare.js';
import { newRunState, runMetrics, type RunMetrics, type RunProgress } from './progress.js';
import { Run } from './run.js';
import { train } from './train.js';

/** Where the run stands: stage, epoch, share of the work done, warnings, and at the end where the model is. */
export const getProgress = defineQuery<RunProgress>('getProgress');
/** The figures so far: before, after each epoch, and of what is published. */
export const getMetrics = defineQuery<RunMetrics>('getMetrics');
/** Saves a checkpoint and waits for `resume`. */
export const pause = defineSignal('pause');
/** Goes on after `pause`. */
export const resume = defineSignal('resume');

const MOST_REPAIRS = 3;

/**
 * Fine-tunes a text-embedding model on question/answer data.
 *
 * @param input A spec (src/spec/spec.ts); without one the run fails and says what is needed, with an example.
 */
export async function fineTune(input?: unknown): Promise<FineTuneResult> {
  try {
    return await runSpec(parseSpec(input));
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

async function runSpec(spec: FineTuneSpec): Promise<FineTuneResult> {
  const run = new Run(newRunState(outputName(spec), spec.training.epochs));
  setHandler(getProgress, () => run.state.progress, {
    description: 'Stage, epoch, share of the work done, warnings; at the end where the model and the report are',
  });
  setHandler(getMetrics, () => runMetrics(run.state), {
    description: 'Retrieval metrics before, after each epoch, and of the published epoch',
  });
  setHandler(pause, () => run.pause(), { description: 'Save a checkpoint and wait for "resume"' });
  setHandler(resume, () => run.resume(), { description: 'Go on after "pause"' });

  const pins = await pin(run, spec);
  for (;;) {
    try {
      return await fromDownload(run, spec, pins);
    } catch (error) {
      if (isCancellation(error) || !isArtifactDamaged(error) || run.repairs >= MOST_REPAIRS) throw error;
      run.repairs++;
      run.state.progress.warnings.push(
        `A stored result was damaged or gone and is made again (${run.repairs} of at most ${MOST_REPAIRS} times)`,
      );
      run.state.progress.fraction = 0;
      await pinAgain(run, spec, pins);
    }
  }
}

async function fromDownload(run: Run, spec: FineTuneSpec, pins: PinResult): Promise<FineTuneResult> {
  const prepared = await prepare(run, spec, pins);
  const trained = await train(run, spec, prepared);
  const { workflowId, runId } = workflowInfo();
  const published = await run.trainerStage('publish', 'publishModel', 'publish-model', run.state.progress.name, {
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
    plan: prepared.plan,
    epochs: trained.epochs,
    published: trained.published,
    before: trained.before,
    after: trained.after,
    training: trained.figures,
    warnings: run.state.progress.warnings,
    workflow: { workflowId, runId },
  });
  const { model, report, verdict } = published;
  Object.assign(run.state.progress, { stage: 'done', fraction: 1, result: { model, report, verdict } });
  run.show();
  const result: FineTuneResult = {
    model,
    metrics: {
      before: trained.before.metrics,
      after: trained.after.metrics,
      epochs: trained.epochs.map(({ epoch, test }) => ({ epoch, metrics: test?.metrics ?? {} })),
    },
    verdict,
    training: trained.figures,
    publishedEpoch: trained.published.epoch,
    report,
    bitIdentical: trained.bitIdentical,
    warnings: run.state.progress.warnings,
    inputsSha256: pins.inputsSha256,
  };
  // The page is empty when no Worker runs; the memo is not.
  upsertMemo({
    model,
    report,
    verdict,
    metrics: { before: result.metrics.before, after: result.metrics.after },
    inputsSha256: pins.inputsSha256,
  });
  return result;
}
