// Cuts many texts into batches for embedding: texts of like length together, up to a budget of tokens.

/** How large a batch may be. */
export interface EmbeddingBudget {
  /** Tokens; a text longer than that is a batch of its own. */
  tokens: number;
  /** Texts: pooling is a product of `[texts, tokens]`. */
  texts: number;
}

/** Batches of text indices, shortest texts first (ties by index): the same for the same lengths. */
export function embeddingBatches(lengths: ArrayLike<number>, budget: EmbeddingBudget): number[][] {
  const order = Array.from({ length: lengths.length }, (_, index) => index).sort(
    (a, b) => lengths[a]! - lengths[b]! || a - b,
  );
  const batches: number[][] = [];
  let tokens = Infinity;
  for (const text of order) {
    const length = lengths[text]!;
    const current = batches.at(-1);
    if (current === undefined || tokens + length > budget.tokens || current.length >= budget.texts) {
      batches.push([text]);
      tokens = length;
    } else {
      current.push(text);
      tokens += length;
    }
  }
  return batches;
}
