// NDCG@k, normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), with binary gains.
import type { Ranking } from './ranking.js';

/**
 * `DCG / ideal DCG` with `DCG = Σ hit(rank) / log2(rank + 1)` over ranks 1…k, and the ideal having all
 * `min(k, |relevant|)` relevant documents first. Binary; ties by document index; nothing retrieved scores 0.
 *
 * Source: sentence-transformers' InformationRetrievalEvaluator, `ndcg@k`.
 */
export function ndcg({ hits, relevant }: Ranking, k: number): number {
  let gain = 0;
  let ideal = 0;
  for (let rank = 0; rank < k; rank++) {
    const discount = Math.log2(rank + 2);
    if (rank < hits.length && hits[rank]) gain += 1 / discount;
    if (rank < relevant) ideal += 1 / discount;
  }
  return gain / ideal;
}
