// Whether gradients hang on the number of threads, at the width of real encoders: ONNX Runtime gives each thread a part of a product, and
// where a part begins may move the last bits. The tiny BERT of the other tests is too small to be shared out.
import { describe, expect, it } from 'vitest';
import { tinyBert } from '../../test/support/tiny-bert.js';
import { bert } from '../models/bert.js';
import { randomWeights } from '../models/random-weights.js';
import { Engine } from './engine.js';
import { describeMachine, machineDifference, THREADS_THAT_AGREE } from './numerics.js';
import type { TrainingBatch } from './training-engine.js';

const machine = describeMachine(1);

const configOf = (hiddenSize: number): typeof tinyBert.config => ({
  ...tinyBert.config,
  ...{ hiddenSize, intermediateSize: 4 * hiddenSize, numHiddenLayers: 1, numAttentionHeads: 4 },
  ...{ vocabSize: 500, maxPositionEmbeddings: 128 },
});
const text = (seed: number, length: number): Int32Array =>
  Int32Array.from({ length }, (_, at) => 1 + ((seed * 97 + at * 31) % 499));
const textsOf = (count: number, first: number, growth: number): Int32Array[] =>
  Array.from({ length: count }, (_, at) => text(first + at, first + growth * at));
/** More rows than units, so that rows are shared out, and fewer, so that columns are: a last batch, and micro-batches. */
const batches: Record<string, TrainingBatch> = {
  // 553 rows: no thread count below divides them.
  'a batch of many tokens': { queries: textsOf(8, 8, 1), documents: textsOf(8, 40, 5), step: 0 },
  'two short pairs': { queries: textsOf(2, 5, 1), documents: textsOf(2, 8, 1), step: 0 },
  'micro-batches': { queries: textsOf(8, 5, 1), documents: textsOf(8, 12, 2), step: 0, microBatchTokens: 60 },
};

/** Names of the gradients that have other bits with so many threads than with one. */
async function movedBy(threads: number, units: number, batch: TrainingBatch): Promise<string[]> {
  const config = configOf(units);
  const weights = randomWeights({ parameters: bert.parameters(config), seed: 1, padTokenId: 0 });
  const gradientsWith = async (count: number): Promise<Map<string, Float32Array>> => {
    const engine = await Engine.create({
      model: { architecture: bert, config, pooling: 'mean', normalize: true },
      weights,
      training: { loss: 'MultipleNegativesRankingLoss', scale: 20, seed: 42, dropout: { hidden: 0, attention: 0 } },
      threads: count,
    });
    const { gradients } = await engine.step(batch);
    const copies = new Map([...gradients].map(([name, data]) => [name, data.slice()]));
    await engine.dispose();
    return copies;
  };
  const [single, several] = [await gradientsWith(1), await gradientsWith(threads)];
  return [...single]
    .filter(([name, data]) => data.some((value, at) => value !== several.get(name)![at]))
    .map(([name]) => name);
}

describe.each(Object.entries(batches))('gradients of %s', (_name, batch) => {
  it.each([128, 256, 320, 384])(
    'have the same bits at %i units with all threads that are said to agree',
    async (units) => {
      for (let threads = 2; threads <= THREADS_THAT_AGREE; threads++) {
        if (machineDifference({ ...machine, threads: 1 }, { ...machine, threads }, units) !== undefined) continue;
        expect(await movedBy(threads, units, batch), `${threads} threads`).toEqual([]);
      }
    },
  );
});
