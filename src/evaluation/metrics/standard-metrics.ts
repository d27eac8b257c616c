// The figures that every evaluation reports: which metric at which cutoffs, under which key, and their mean over the questions.
// Keys and cutoffs are those of sentence-transformers' InformationRetrievalEvaluator without the `cosine_` prefix.
import type { Metrics } from '../../spec/evaluation-stages.js';
import { FinalError } from '../../errors.js';
import { accuracy } from './accuracy.js';
import { hitRate } from './hit-rate.js';
import { averagePrecision } from './map.js';
import { reciprocalRank } from './mrr.js';
import { ndcg } from './ndcg.js';
import { precision } from './precision.js';
import type { Metric, Ranking } from './ranking.js';
import { recall } from './recall.js';

/** How deep a ranking must go for every figure: MAP's cutoff. */
export const RANKING_DEPTH = 100;

/** The metrics in the order in which they are shown: key without cutoff, function, cutoffs. */
export function standardMetrics(topK: number): readonly (readonly [string, Metric, readonly number[]])[] {
  return [
    ['hit_rate', hitRate, [topK]],
    ['ndcg', ndcg, [10]],
    ['mrr', reciprocalRank, [10]],
    ['map', averagePrecision, [100]],
    ['accuracy', accuracy, [1, 3, 5, 10]],
    ['precision', precision, [1, 3, 5, 10]],
    ['recall', recall, [1, 3, 5, 10]],
  ];
}

/**
 * Means over the questions, by key, e.g. `ndcg@10`.
 *
 * @param rankings one a judged question; those without a relevant document are not among them
 * @param topK cutoff of `hit_rate`, default 5
 * @throws FinalError `InvalidData` when there is no question to score
 */
export function meanMetrics(rankings: readonly Ranking[], topK = 5): Metrics {
  if (rankings.length === 0) {
    throw new FinalError(
      'InvalidData',
      'evaluation: at least one question with a relevant document is needed, got none. Check relevant_docs (or the qrels).',
    );
  }
  const metrics: Metrics = {};
  for (const [name, metric, cutoffs] of standardMetrics(topK)) {
    for (const k of cutoffs) {
      let sum = 0;
      for (const ranking of rankings) sum += metric(ranking, k);
      metrics[`${name}@${k}`] = sum / rankings.length;
    }
  }
  return metrics;
}
