// Counts of a training's batches and tokens, before its first step: how long the schedule is, and how much memory a batch takes.
import { setImmediate } from 'node:timers/promises';
import type { StageContext } from '../artifacts/stage-context.js';
import type { TrainingSpec } from '../spec/spec.js';
import type { TokensPart } from '../text/tokenize.js';
import { planBatches, type TrainingPairs } from './batches.js';

/** What {@link countBatches} finds: by epoch, and over all of them. */
export interface BatchCounts {
  stepsPerEpoch: number[];
  pairsPerEpoch: number[];
  tokens: number;
  /** Tokens of the largest batch. */
  largestBatch: number;
}

/** The batches of every epoch, counted. */
export async function countBatches(
  { pairs, pairTokens, training }: { pairs: TrainingPairs; pairTokens: Int32Array; training: TrainingSpec },
  context: Pick<StageContext, 'progress'>,
): Promise<BatchCounts> {
  const { epochs, batchSize, batchSampler: sampler, seed } = training;
  const stepsPerEpoch: number[] = [];
  const pairsPerEpoch: number[] = [];
  let tokens = 0;
  let largestBatch = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const batches = planBatches({ pairs, batchSize, sampler, seed, epoch });
    stepsPerEpoch.push(batches.length);
    pairsPerEpoch.push(batches.reduce((sum, batch) => sum + batch.length, 0));
    for (const batch of batches) {
      const ofBatch = batch.reduce((sum, pair) => sum + pairTokens[pair]!, 0);
      tokens += ofBatch;
      largestBatch = Math.max(largestBatch, ofBatch);
    }
    context.progress({
      ...{ stage: 'tokenize', done: epoch, total: epochs, unit: 'steps' },
      note: 'counting the batches of every epoch',
    });
    await setImmediate();
  }
  return { stepsPerEpoch, pairsPerEpoch, tokens, largestBatch };
}

/** Tokens of each pair. */
export function lengthsOf({ queries, documents }: TokensPart, pairs: TrainingPairs): Int32Array {
  const length = ({ offsets }: TokensPart['queries'], index: number): number => offsets[index + 1]! - offsets[index]!;
  return pairs.queries.map((query, pair) => length(queries, query) + length(documents, pairs.documents[pair]!));
}

/** Tokens of the longest text. */
export function longestOf({ offsets }: TokensPart['queries']): number {
  let longest = 0;
  for (let text = 1; text < offsets.length; text++) longest = Math.max(longest, offsets[text]! - offsets[text - 1]!);
  return longest;
}
