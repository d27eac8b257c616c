// What every metric looks at: for one question, which of its retrieved documents are relevant, best first.
// Relevance is binary. Documents of equal score stand in the order of their index in the corpus (search.ts), so a ranking is
// never a matter of luck. A question that retrieved nothing scores 0 in every metric; one without a relevant document has no
// score at all and is left out of every mean (standard-metrics.ts), as in sentence-transformers' InformationRetrievalEvaluator.

/** One question's retrieved documents. */
export interface Ranking {
  /** By rank, best first: 1 when the document is relevant, else 0. May be shorter than a metric's cutoff. */
  hits: ArrayLike<number>;
  /** How many documents are relevant to the question, retrieved or not; at least 1. */
  relevant: number;
}

/** Scores one question at cutoff `k` (≥ 1), between 0 and 1. */
export type Metric = (ranking: Ranking, k: number) => number;

/** How many of the first `k` documents are relevant. */
export function hitsWithin({ hits }: Ranking, k: number): number {
  let count = 0;
  for (let rank = 0; rank < Math.min(k, hits.length); rank++) count += hits[rank]!;
  return count;
}
