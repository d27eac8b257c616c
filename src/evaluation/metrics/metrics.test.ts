import { describe, expect, it } from 'vitest';
import { accuracy } from './accuracy.js';
import { hitRate } from './hit-rate.js';
import { averagePrecision } from './map.js';
import { reciprocalRank } from './mrr.js';
import { ndcg } from './ndcg.js';
import { precision } from './precision.js';
import { recall } from './recall.js';
import type { Ranking } from './ranking.js';
import { meanMetrics, standardMetrics } from './standard-metrics.js';
import { randomStream } from '../../random.js';

// Relevant documents at ranks 2 and 4, three of them in all.
const ranking: Ranking = { hits: [0, 1, 0, 1, 0], relevant: 3 };

describe('metrics on a hand-made ranking', () => {
  it('gives accuracy and hit rate 1 as soon as one relevant document is in', () => {
    expect([1, 2, 5].map((k) => accuracy(ranking, k))).toEqual([0, 1, 1]);
    expect([1, 2, 5].map((k) => hitRate(ranking, k))).toEqual([0, 1, 1]);
  });
  it('divides precision by the cutoff, also when fewer documents were retrieved', () => {
    expect([1, 2, 4, 5, 10].map((k) => precision(ranking, k))).toEqual([0, 1 / 2, 2 / 4, 2 / 5, 2 / 10]);
  });
  it('divides recall by the number of relevant documents', () => {
    expect([1, 2, 4, 10].map((k) => recall(ranking, k))).toEqual([0, 1 / 3, 2 / 3, 2 / 3]);
  });
  it('takes the first relevant rank for the reciprocal rank, and 0 beyond the cutoff', () => {
    expect([1, 2, 10].map((k) => reciprocalRank(ranking, k))).toEqual([0, 1 / 2, 1 / 2]);
  });
  it('discounts gains by log2 and normalises by the ideal order', () => {
    const gain = 1 / Math.log2(3) + 1 / Math.log2(5);
    const ideal = 1 + 1 / Math.log2(3) + 1 / Math.log2(4);
    expect(ndcg(ranking, 10)).toBeCloseTo(gain / ideal, 15);
    expect(ndcg(ranking, 2)).toBeCloseTo(1 / Math.log2(3) / (1 + 1 / Math.log2(3)), 15);
  });
  it('averages precision over the relevant ranks and divides by the smaller of cutoff and relevant', () => {
    expect(averagePrecision(ranking, 100)).toBeCloseTo((1 / 2 + 2 / 4) / 3, 15);
    expect(averagePrecision(ranking, 2)).toBeCloseTo(1 / 2 / 2, 15);
  });
  it('scores a question that retrieved nothing 0 everywhere', () => {
    for (const [, metric, cutoffs] of standardMetrics(5)) {
      for (const k of cutoffs) expect(metric({ hits: [], relevant: 2 }, k)).toBe(0);
    }
  });
  it('scores a perfect ranking 1 in all but precision and recall below their cutoffs', () => {
    const perfect = { hits: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0], relevant: 1 };
    const metrics = meanMetrics([perfect]);
    expect(metrics).toMatchObject({ 'ndcg@10': 1, 'mrr@10': 1, 'map@100': 1, 'recall@1': 1, 'hit_rate@5': 1 });
    expect(metrics['precision@10']).toBe(0.1);
  });
});

describe('means over the questions', () => {
  it('has the keys of the InformationRetrievalEvaluator without prefix, and the hit rate at topK', () => {
    expect(Object.keys(meanMetrics([ranking], 7)).sort()).toEqual(
      [
        ...['accuracy', 'precision', 'recall'].flatMap((name) => [1, 3, 5, 10].map((k) => `${name}@${k}`)),
        'hit_rate@7',
        'map@100',
        'mrr@10',
        'ndcg@10',
      ].sort(),
    );
  });
  it('refuses to average over no question', () => {
    expect(() => meanMetrics([])).toThrow(/at least one question with a relevant document is needed, got none/);
  });
  it('never falls in accuracy, recall, reciprocal rank and hits as the cutoff grows', () => {
    const random = randomStream(7);
    for (let round = 0; round < 200; round++) {
      const hits = Array.from({ length: 20 }, () => (random.fraction() < 0.2 ? 1 : 0));
      const some = { hits, relevant: Math.max(1, hits.filter(Boolean).length + (random.fraction() < 0.5 ? 1 : 0)) };
      for (const metric of [accuracy, recall, reciprocalRank]) {
        for (let k = 1; k < 25; k++) expect(metric(some, k + 1)).toBeGreaterThanOrEqual(metric(some, k));
      }
      for (let k = 1; k < 25; k++) {
        expect(precision(some, k + 1) * (k + 1)).toBeGreaterThanOrEqual(precision(some, k) * k - 1e-12);
        expect(ndcg(some, k)).toBeLessThanOrEqual(1 + 1e-12);
      }
    }
  });
});
