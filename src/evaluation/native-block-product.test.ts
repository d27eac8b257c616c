import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { plainBlockProduct } from './block-product.js';
import { nativeBlockProduct } from './native-block-product.js';
import { normalizeRows, search } from './search.js';

const dimension = 384;
const vectors = (rows: number, seed: number): Float32Array => {
  const random = randomStream(seed);
  return normalizeRows(
    Float32Array.from({ length: rows * dimension }, () => random.fraction() - 0.5),
    dimension,
  );
};
const queries = vectors(37, 1);
const documents = vectors(301, 2);
const native = nativeBlockProduct();

describe('the native block product', () => {
  it('gives the scores of the plain one, within rounding', async () => {
    const [expected, actual] = [new Float32Array(37 * 301), new Float32Array(37 * 301)];
    await plainBlockProduct({ queries, documents, dimension, scores: expected });
    await native({ queries, documents, dimension, scores: actual });
    const worst = actual.reduce((most, score, at) => Math.max(most, Math.abs(score - expected[at]!)), 0);
    expect(worst).toBeLessThan(1e-6);
    expect(worst).toBeGreaterThan(0); // else the plain one was used
  });

  it('gives a score the same bits in any block, with any number of threads', async () => {
    const blocks = [
      { queries: 37, documents: 301 },
      { queries: 8, documents: 64 },
      { queries: 5, documents: 151 },
      { queries: 1, documents: 100 },
    ];
    const found = [];
    for (const multiply of [nativeBlockProduct({ threads: 1 }), native, nativeBlockProduct({ threads: 3 })]) {
      for (const block of blocks) {
        found.push(await search({ queries, documents, dimension, depth: 20, multiply, block }));
      }
    }
    for (const other of found.slice(1)) expect(other).toEqual(found[0]);
  });
});
