// Average precision@k; its mean over the questions is MAP@k.
import type { Ranking } from './ranking.js';

/**
 * `Σ precision@rank over the ranks ≤ k that hold a relevant document / min(k, |relevant|)`. Binary; ties by document index;
 * nothing retrieved scores 0.
 *
 * Source: sentence-transformers' InformationRetrievalEvaluator, `map@k`.
 */
export function averagePrecision({ hits, relevant }: Ranking, k: number): number {
  let found = 0;
  let sum = 0;
  for (let rank = 0; rank < Math.min(k, hits.length); rank++) {
    if (!hits[rank]) continue;
    found++;
    sum += found / (rank + 1);
  }
  return sum / Math.min(k, relevant);
}
