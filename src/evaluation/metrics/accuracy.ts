// Accuracy@k, also called Success@k: is any relevant document among the first k?
import { hitsWithin, type Ranking } from './ranking.js';

/**
 * `1 if |relevant ∩ top k| > 0 else 0`. Binary; ties by document index; nothing retrieved scores 0.
 *
 * Source: sentence-transformers' InformationRetrievalEvaluator, `accuracy@k`.
 */
export function accuracy(ranking: Ranking, k: number): number {
  return hitsWithin(ranking, k) > 0 ? 1 : 0;
}
