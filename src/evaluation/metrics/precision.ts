// Precision@k: the share of the first k places that hold a relevant document.
import { hitsWithin, type Ranking } from './ranking.js';

/**
 * `|relevant ∩ top k| / k`, also when fewer than k documents were retrieved. Binary; ties by document index; nothing
 * retrieved scores 0.
 *
 * Source: sentence-transformers' InformationRetrievalEvaluator, `precision@k`.
 */
export function precision(ranking: Ranking, k: number): number {
  return hitsWithin(ranking, k) / k;
}
