import { describe, expect, it } from 'vitest';
import { dot, plainBlockProduct } from './block-product.js';
import { randomStream } from '../random.js';
import { normalizeRows, search } from './search.js';

function randomVectors(rows: number, dimension: number, seed: number): Float32Array {
  const random = randomStream(seed);
  return normalizeRows(
    Float32Array.from({ length: rows * dimension }, () => random.fraction() - 0.5),
    dimension,
  );
}

/** Vectors on a coarse grid, so that many scores are exactly equal. */
function tiedVectors(rows: number, dimension: number, seed: number): Float32Array {
  const random = randomStream(seed);
  return Float32Array.from({ length: rows * dimension }, () => Math.floor(random.fraction() * 2) / 2);
}

function bruteForce(queries: Float32Array, documents: Float32Array, dimension: number, depth: number) {
  return Array.from({ length: queries.length / dimension }, (_, query) =>
    Array.from({ length: documents.length / dimension }, (_, document) => ({
      document,
      score: Math.fround(dot(queries, query * dimension, documents, document * dimension, dimension)),
    }))
      .sort((a, b) => b.score - a.score || a.document - b.document)
      .slice(0, depth),
  );
}

async function ranked(options: Parameters<typeof search>[0]) {
  const { depth, documents, scores } = await search(options);
  return Array.from({ length: documents.length / depth }, (_, query) =>
    Array.from({ length: depth }, (_, rank) => ({
      document: documents[query * depth + rank]!,
      score: scores[query * depth + rank]!,
    })),
  );
}

describe('search', () => {
  it.each([
    { queries: 1, documents: 1, depth: 100 },
    { queries: 7, documents: 13, depth: 5 },
    { queries: 33, documents: 150, depth: 100 },
    { queries: 5, documents: 130, depth: 1 },
  ])('finds what comparing every pair finds ($queries × $documents, depth $depth)', async ({ depth, ...count }) => {
    for (const vectors of [randomVectors, tiedVectors]) {
      const queries = vectors(count.queries, 9, 1);
      const documents = vectors(count.documents, 9, 2);
      const found = await ranked({ queries, documents, dimension: 9, depth, block: { queries: 6, documents: 11 } });
      expect(found).toEqual(bruteForce(queries, documents, 9, depth));
    }
  });

  it('does not depend on the block sizes, bit for bit', async () => {
    const queries = randomVectors(50, 33, 3);
    const documents = randomVectors(301, 33, 4);
    const one = await search({ queries, documents, dimension: 33, depth: 20 });
    const other = await search({ queries, documents, dimension: 33, depth: 20, block: { queries: 7, documents: 19 } });
    expect(other).toEqual(one);
  });

  it('ranks the same documents when the corpus is permuted', async () => {
    const queries = randomVectors(20, 16, 5);
    const documents = randomVectors(200, 16, 6);
    const order = Array.from({ length: 200 }, (_, i) => (i * 77) % 200);
    const permuted = new Float32Array(documents.length);
    order.forEach((from, to) => permuted.set(documents.subarray(from * 16, (from + 1) * 16), to * 16));
    const straight = await ranked({ queries, documents, dimension: 16, depth: 30 });
    const other = await ranked({ queries, documents: permuted, dimension: 16, depth: 30 });
    expect(other.map((row) => row.map(({ document, score }) => ({ document: order[document]!, score })))).toEqual(
      straight,
    );
  });

  it('shows every score exactly once', async () => {
    const queries = randomVectors(9, 8, 7);
    const documents = randomVectors(25, 8, 8);
    const seen = new Float32Array(9 * 25);
    await search({
      queries,
      documents,
      dimension: 8,
      block: { queries: 4, documents: 10 },
      onScores: (query, first, scores) => scores.forEach((score, i) => (seen[query * 25 + first + i]! += score)),
    });
    const all = new Float32Array(9 * 25);
    await plainBlockProduct({ queries, documents, dimension: 8, scores: all });
    expect(seen).toEqual(all);
  });

  it('uses the product it is given', async () => {
    const { documents } = await search({
      queries: new Float32Array(2),
      documents: new Float32Array(4),
      dimension: 1,
      depth: 1,
      multiply: ({ scores }) => scores.set([0, 3, 2, 1, 7, 1, 1, 9]),
    });
    expect([...documents]).toEqual([1, 3]);
  });

  it('stops between two blocks when asked, and reports how far it is', async () => {
    const controller = new AbortController();
    const progress: number[] = [];
    const work = search({
      queries: randomVectors(10, 4, 1),
      documents: randomVectors(10, 4, 2),
      dimension: 4,
      block: { queries: 2, documents: 5 },
      signal: controller.signal,
      onProgress: (done) => {
        progress.push(done);
        if (done === 4) controller.abort(new Error('enough'));
      },
    });
    await expect(work).rejects.toThrow('enough');
    expect(progress).toEqual([1, 2, 3, 4]);
  });
});

describe('normalizeRows', () => {
  it('scales to length 1 and leaves a row of zeros alone', () => {
    expect([...normalizeRows(Float32Array.from([3, 4, 0, 0]), 2)]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0]);
  });
  it('names the text whose embedding is not finite', () => {
    expect(() => normalizeRows(Float32Array.from([1, 1, NaN, 1]), 2)).toThrow(
      /got NaN as the squared length of text 1/,
    );
  });
});
