import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateRetrieval } from './evaluate-retrieval.js';
import { randomStream } from '../random.js';
import { compareEvaluations } from './verdict.js';

interface Case {
  name: string;
  dimension: number;
  queries: number[][];
  documents: number[][];
  relevant: number[][];
  metrics: Record<string, number>;
}
// Made by scripts/retrieval-evaluation.py beside it, with sentence-transformers 6.2.0.
const fixture = new URL('../../test/fixtures/retrieval-evaluation.json', import.meta.url);
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as Case[];

describe('evaluateRetrieval against the InformationRetrievalEvaluator', () => {
  it.each(cases)('gives its figures: $name', async ({ queries, documents, relevant, dimension, metrics: expected }) => {
    const { metrics } = await evaluateRetrieval({
      queries: Float32Array.from(queries.flat()),
      documents: Float32Array.from(documents.flat()),
      dimension,
      relevant,
    });
    const { 'hit_rate@5': hitRate, ...others } = metrics;
    expect(Object.keys(others).sort()).toEqual(Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected)) expect(others[key], key).toBeCloseTo(value, 12);
    expect(hitRate).toBe(metrics['accuracy@5']);
  });
});

describe('evaluateRetrieval', () => {
  // Three documents on the axes of a plane and its diagonal; cosines are 1, 0.6, 0.8 and so on.
  const documents = (): Float32Array => Float32Array.from([1, 0, 0, 1, 3, 4]);

  it('tells of each question its rank, its true and best false score, and what was retrieved', async () => {
    const { details, metrics } = await evaluateRetrieval({
      queries: Float32Array.from([2, 0, 0, 5]),
      documents: documents(),
      dimension: 2,
      relevant: [[2], [1]],
    });
    expect(details[0]).toEqual({
      query: 0,
      answer: 2,
      right: 2,
      ndcg: 1 / Math.log2(3),
      rank: 2,
      trueScore: Math.fround(0.6),
      falseScore: 1,
      top: [
        { document: 0, score: 1 },
        { document: 2, score: Math.fround(0.6) },
        { document: 1, score: 0 },
      ],
    });
    expect(details[1]).toMatchObject({ rank: 1, trueScore: 1, falseScore: Math.fround(0.8) });
    expect(metrics['mrr@10']).toBe(0.75);
  });

  it('leaves out questions without a relevant document and keeps the numbers of the others', async () => {
    const { details, metrics } = await evaluateRetrieval({
      queries: Float32Array.from([1, 0, 0, 1, 0, 1]),
      documents: documents(),
      dimension: 2,
      relevant: [[], [1], []],
    });
    expect(details.map(({ query, rank }) => ({ query, rank }))).toEqual([{ query: 1, rank: 1 }]);
    expect(metrics['ndcg@10']).toBe(1);
  });

  it('gives rank null and still the true score when the true document is not among the first 100', async () => {
    const many = Float32Array.from({ length: 2 * 130 }, (_, i) => (i % 2 === 0 ? 1 : Math.floor(i / 2) / 100));
    const { details, metrics } = await evaluateRetrieval({
      queries: Float32Array.from([1, 0]),
      documents: many,
      dimension: 2,
      relevant: [[129]],
    });
    expect(details[0]).toMatchObject({ rank: null, ndcg: 0, falseScore: 1 });
    expect(details[0]!.trueScore).toBeCloseTo(1 / Math.hypot(1, 1.29), 6);
    expect(metrics['map@100']).toBe(0);
  });

  it('has no false score when every document is relevant', async () => {
    const { details } = await evaluateRetrieval({
      queries: Float32Array.from([1, 0]),
      documents: documents(),
      dimension: 2,
      relevant: [[2, 0, 1, 0]],
    });
    expect(details[0]).toMatchObject({ falseScore: null, ndcg: 1, rank: 1 });
  });

  it('puts questions to one answer by a document that they share, and not by one that more than a tenth of all share', async () => {
    // Document 0 is relevant to everybody. Each of ten articles is two documents; of four questions on it, one needs the first alone.
    const relevant = Array.from({ length: 40 }, (_, i) => {
      const first = 1 + 2 * (i % 10);
      return i < 10 ? [first, 0] : [0, first + 1, first];
    });
    const { details } = await evaluateRetrieval({
      queries: new Float32Array(80).fill(1),
      documents: new Float32Array(42).fill(1),
      dimension: 2,
      relevant,
    });
    expect(details.map(({ answer }) => answer)).toEqual(relevant.map((_, i) => 1 + 2 * (i % 10)));
  });

  it('puts questions that have only such documents to the least shared', async () => {
    const { details } = await evaluateRetrieval({
      queries: new Float32Array(14).fill(1),
      documents: new Float32Array(16).fill(1),
      dimension: 2,
      relevant: [[0, 4], [0, 1, 3], [0, 3, 5], [4, 0], [0], [6, 7, 0], [0, 7, 6]],
    });
    expect(details.map(({ answer }) => answer)).toEqual([4, 1, 5, 4, 0, 6, 6]);
  });

  it('numbers answers by the document where every question has one', async () => {
    const { details } = await evaluateRetrieval({
      queries: new Float32Array(10).fill(1),
      documents: new Float32Array(12).fill(1),
      dimension: 2,
      relevant: [[4], [1], [3, 3], [4], [1]],
    });
    expect(details.map(({ answer }) => answer)).toEqual([4, 1, 3, 4, 1]);
  });

  it('finds enough answers for a verdict where questions share documents at random', async () => {
    const random = randomStream(8);
    const relevant = Array.from({ length: 100 }, () => Array.from({ length: 4 }, () => random.below(300)));
    const vectors = (count: number): Float32Array => Float32Array.from({ length: 8 * count }, () => random.fraction() - 0.5); // prettier-ignore
    const documents = vectors(300);
    /** Questions as far from the mean of their documents as `noise` says. */
    const evaluate = (noise: number) => {
      const queries = vectors(100).map((value, i) => {
        const own = relevant[Math.floor(i / 8)]!.map((document) => documents[8 * document + (i % 8)]!);
        return noise * value + own.reduce((sum, x) => sum + x, 0);
      });
      return evaluateRetrieval({ queries, documents: documents.slice(), dimension: 8, relevant });
    };
    const [before, after] = [await evaluate(100), await evaluate(0.1)];
    for (const { query, answer } of after.details) expect(relevant[query]).toContain(answer);
    expect(new Set(after.details.map(({ answer }) => answer)).size).toBeGreaterThan(40);
    const kept = ({ metrics, details, scores }: typeof before) => ({ metrics, queries: details, scores });
    expect((await compareEvaluations(kept(before), kept(after))).verdict).toBe('improved');
  });

  it('keeps of each question its own relevant document of the best score, of equal ones the first', async () => {
    const { details } = await evaluateRetrieval({
      queries: Float32Array.from([1, 0, 0, 1, 1, 0]),
      documents: Float32Array.from([1, 0, 0, 1, 3, 4, 0, 2]),
      dimension: 2,
      relevant: [[2, 1], [3, 1], [1]], // prettier-ignore
    });
    expect(details.map(({ right, trueScore, rank }) => [right, trueScore, rank])).toEqual([
      [2, Math.fround(0.6), 2],
      [1, 1, 1],
      [1, 0, 3],
    ]);
  });

  it('counts every pair once in the score distribution', async () => {
    const { scores } = await evaluateRetrieval({
      queries: Float32Array.from([1, 0, 0, 1]),
      documents: documents(),
      dimension: 2,
      relevant: [[0], [1, 2]],
    });
    const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);
    expect([scores.true, scores.false, scores.bestFalse].map(sum)).toEqual([3, 3, 2]);
    expect(scores.true.at(-1)).toBe(2);
    expect(scores.trueMean).toBeCloseTo((1 + 1 + 0.8) / 3, 6);
    expect(scores.bestFalseMean).toBeCloseTo((0.6 + 0) / 2, 6);
  });

  it('gives the same metrics for a permuted corpus without ties', async () => {
    const random = randomStream(21);
    const vectors = Array.from({ length: 140 }, () => Array.from({ length: 12 }, () => random.fraction() - 0.5));
    const queries = (): Float32Array => Float32Array.from({ length: 12 * 30 }, (_, i) => Math.sin(i * i));
    const order = vectors.map((_, i) => (i * 51) % 140);
    const place = new Map(order.map((from, to) => [from, to]));
    const relevant = Array.from({ length: 30 }, (_, i) => [i, i + 40]);
    const straight = await evaluateRetrieval({
      queries: queries(),
      documents: Float32Array.from(vectors.flat()),
      dimension: 12,
      relevant,
    });
    const permuted = await evaluateRetrieval({
      queries: queries(),
      documents: Float32Array.from(order.flatMap((from) => vectors[from]!)),
      dimension: 12,
      relevant: relevant.map((list) => list.map((document) => place.get(document)!)),
    });
    expect(permuted.metrics).toEqual(straight.metrics);
  });
});
