// Recall@k: the share of a question's relevant documents that stand among the first k.
import { hitsWithin, type Ranking } from './ranking.js';

/**
 * `|relevant ∩ top k| / |relevant|`. Below 1 by necessity when more than k documents are relevant. Binary; ties by document
 * index; nothing retrieved scores 0.
 *
 * Source: sentence-transformers' InformationRetrievalEvaluator, `recall@k`.
 */
export function recall(ranking: Ranking, k: number): number {
  return hitsWithin(ranking, k) / ranking.relevant;
}
