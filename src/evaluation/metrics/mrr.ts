// Reciprocal rank@k; its mean over the questions is MRR@k.
import type { Ranking } from './ranking.js';

/**
 * `1 / rank of the first relevant document`, or 0 when none stands among the first k. Binary; ties by document index; nothing
 * retrieved scores 0.
 *
 * Source: sentence-transformers' InformationRetrievalEvaluator, `mrr@k`.
 */
export function reciprocalRank({ hits }: Ranking, k: number): number {
  for (let rank = 0; rank < Math.min(k, hits.length); rank++) if (hits[rank]) return 1 / (rank + 1);
  return 0;
}
