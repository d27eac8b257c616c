// One step of a planned training, tried for an estimate of time; the engine stays warm for the training itself.
import { setImmediate } from 'node:timers/promises';
import type { StageContext } from '../artifacts/stage-context.js';
import { isOutOfMemory } from '../errors.js';
import type { TrainingSpec } from '../spec/spec.js';
import type { ArtifactRef } from '../spec/stages.js';
import type { TokensPart } from '../text/tokenize.js';
import { lengthsOf } from './batch-counts.js';
import { batchOf, planBatches, type TrainingPairs } from './batches.js';
import { longestStepMs } from './estimate.js';
import type { TrainingPlan } from './plan.js';
import { engineTraining, type EngineCache } from './warm-engine.js';

/** A tried step that takes longer is not made again without the first one's preparations. */
const LONG_STEP_SECONDS = 10;

/** The training whose step is tried. */
export interface TriedTraining {
  model: ArtifactRef;
  training: TrainingSpec;
  /** Of its plan. */
  facts: TrainingPlan;
  part: TokensPart;
  pairs: TrainingPairs;
}

/** How long a step on a batch of so many tokens takes. */
export interface MeasuredStep {
  seconds: number;
  tokens: number;
}

/**
 * Makes steps on the batch of median length, throws their gradients away, and tells how long one takes.
 *
 * @returns undefined when memory ran out; the engine is disposed of then, and its memory free again.
 */
export async function tryStep(
  engines: EngineCache,
  tried: TriedTraining,
  context: StageContext,
): Promise<MeasuredStep | undefined> {
  try {
    return await measureStep(engines, tried, context);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    await engines.clear();
    return undefined;
  }
}

async function measureStep(
  engines: EngineCache,
  { model, training, facts, part, pairs }: TriedTraining,
  context: StageContext,
): Promise<MeasuredStep> {
  const { batchSize, batchSampler: sampler, seed } = training;
  const batches = planBatches({ pairs, batchSize, sampler, seed, epoch: 1 });
  const lengths = lengthsOf(part, pairs);
  const tokensOf = (batch: Int32Array): number => batch.reduce((sum, pair) => sum + lengths[pair]!, 0);
  const median = batches.sort((a, b) => tokensOf(a) - tokensOf(b))[batches.length >> 1]!;
  const texts = median.length * 2;
  const batch = { ...batchOf(median, pairs, part, facts), step: 0 };
  const { engine } = await engines.acquire(context.store, {
    model,
    training: engineTraining(training, facts),
  });
  context.expectSilence?.(longestStepMs({ ...facts, parameters: engine.parameters }));
  const report = async (): Promise<void> => {
    context.progress({
      stage: 'tokenize',
      done: texts,
      total: texts,
      unit: 'texts',
      note: 'trying one step, for an estimate of time',
    });
    await setImmediate();
  };
  const timed = async (): Promise<number> => {
    const began = performance.now();
    await engine.step({ ...batch, onMicroBatch: report });
    await report();
    return (performance.now() - began) / 1000;
  };
  const first = await timed();
  // The first step also prepares memory, which is nothing beside a long one.
  const seconds = first > LONG_STEP_SECONDS ? first : await timed();
  return { seconds, tokens: tokensOf(median) };
}
