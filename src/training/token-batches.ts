// Cuts many texts, or pairs of texts, into batches by a budget of tokens, those of like length together: for embedding, and for the
// micro-batches of gradient caching.

/** How large a batch may be. */
export interface TokenBudget {
  /** Tokens; a text longer than that is a batch of its own. */
  tokens: number;
  /** Texts: pooling is a product of `[texts, tokens]`; default any number. */
  texts?: number;
}

/** Batches of indices, shortest first (ties by index): the same for the same lengths. */
export function tokenBatches(lengths: ArrayLike<number>, { tokens: most, texts = Infinity }: TokenBudget): number[][] {
  const order = Array.from({ length: lengths.length }, (_, index) => index).sort(
    (a, b) => lengths[a]! - lengths[b]! || a - b,
  );
  const batches: number[][] = [];
  let tokens = Infinity;
  for (const text of order) {
    const length = lengths[text]!;
    const current = batches.at(-1);
    if (current === undefined || tokens + length > most || current.length >= texts) {
      batches.push([text]);
      tokens = length;
    } else {
      current.push(text);
      tokens += length;
    }
  }
  return batches;
}
