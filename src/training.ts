// Entry `temporal-finetune/training`: fine-tunes from code without Temporal, with the same spec, stages, store and trainer process.
// What an interrupted call has made is found again by the next one, checkpoints too; nothing is retried and nothing outlives the
// process, so long work belongs into the workflow.
import { resolve } from 'node:path';
import { openLocalStore } from './artifacts/local-store.js';
import { FinalError } from './errors.js';
import { parseSpec } from './spec/parse.js';
import type { FineTuneSpec, FineTuneSpecInput } from './spec/spec.js';
import type { FineTuneResult } from './spec/publishing-stages.js';
import { TrainerHost } from './trainer/host.js';
import { LocalRun, type LocalOptions, type LocalPlanView } from './local-run.js';

export type { LocalOptions, LocalPlan, LocalPlanView } from './local-run.js';
export { parseSpec } from './spec/parse.js';
export type { FineTuneSpec, FineTuneSpecInput } from './spec/spec.js';
export type { FineTuneResult } from './spec/publishing-stages.js';
export type { StageProgress } from './spec/stages.js';

/**
 * Fine-tunes in this process and its trainer process.
 *
 * @throws FinalError for bad input, RetryableError for what may pass; the signal's reason when it was aborted.
 */
export async function fineTuneLocally(spec: FineTuneSpecInput, options: LocalOptions): Promise<FineTuneResult> {
  return withLocalRun(parseSpec(spec), options, async (run) => run.finish(await run.prepare()));
}

/** Runs every stage before training, to look at what would be trained; the results stay in the store. */
export async function planLocally(
  spec: FineTuneSpecInput,
  { pairs = 10, ...options }: LocalOptions & { pairs?: number },
): Promise<LocalPlanView> {
  return withLocalRun(parseSpec(spec), options, async (run) => {
    const prepared = await run.prepare();
    return {
      ...prepared,
      pairs: prepared.transform ? await run.examples(prepared.transform, pairs) : [],
      lengths: await run.lengths(prepared),
    };
  });
}

async function withLocalRun<T>(
  spec: FineTuneSpec,
  options: LocalOptions,
  work: (run: LocalRun) => Promise<T>,
): Promise<T> {
  const storeFolder = resolve(options.store);
  const store = await openLocalStore({ folder: storeFolder, create: true });
  const { threads, trainerPath } = options;
  const host = new TrainerHost({ storeFolder, storeId: store.id, threads, trainerPath });
  try {
    return await work(new LocalRun(spec, options, store, host));
  } catch (error) {
    // However a stage ended that was asked to stop, the caller gets the reason it gave itself.
    throw options.signal?.aborted && !(error instanceof FinalError) ? options.signal.reason : error;
  } finally {
    await host.close();
  }
}

export { placeChampion } from './publishing/champion-folder.js';
export { findGarbage, freeGarbage, type Garbage, type GarbageReport } from './training/garbage.js';
