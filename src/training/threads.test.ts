// Whether gradients hang on the number of threads, at the width of real encoders: ONNX Runtime gives each thread a part of a product, and
// where a part begins may move the last bits. The tiny BERT of the other tests is too small to be shared out.
import { expect, it } from 'vitest';
import { tinyBert } from '../../test/support/tiny-bert.js';
import { bert } from '../models/bert.js';
import { randomWeights } from '../models/random-weights.js';
import { Engine } from './engine.js';
import { THREADS_THAT_AGREE, UNITS_THAT_AGREE } from './numerics.js';

const configOf = (hiddenSize: number): typeof tinyBert.config => ({
  ...tinyBert.config,
  ...{ hiddenSize, intermediateSize: 4 * hiddenSize, numHiddenLayers: 1, numAttentionHeads: 4 },
  ...{ vocabSize: 500, maxPositionEmbeddings: 128 },
});
const text = (seed: number, length: number): Int32Array =>
  Int32Array.from({ length }, (_, at) => 1 + ((seed * 97 + at * 31) % 499));
// 553 rows: no thread count below divides them.
const batch = {
  queries: Array.from({ length: 8 }, (_, at) => text(at, 8 + at)),
  documents: Array.from({ length: 8 }, (_, at) => text(at + 50, 40 + 5 * at)),
  step: 0,
};

/** Names of the gradients that have other bits with so many threads than with one. */
async function movedBy(threads: number, units: number): Promise<string[]> {
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

it.each([UNITS_THAT_AGREE, 384])(
  `gradients of %i units have the same bits with 1 to ${THREADS_THAT_AGREE} threads`,
  async (units) => {
    for (let threads = 2; threads <= THREADS_THAT_AGREE; threads++) {
      expect(await movedBy(threads, units), `${threads} threads`).toEqual([]);
    }
  },
);
