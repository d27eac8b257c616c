// Puts texts of like length together, so that attention pads little: the division of the sorted texts into a given number of
// neighbouring groups that costs least, by dynamic programming.

/** Weight of attention's own work against the wish for small groups; measured to matter little between 4 and 16. */
const ATTENTION_WEIGHT = 8;

/**
 * Groups of text indices, each sorted by length (ties by index), shortest group first; as many groups as asked for, or one a text.
 * The cost of a group is `8 · texts · longest²`, the work of attention with its padding, plus `(tokens of the group)²`, which keeps
 * the groups' scores small enough for the caches.
 */
export function lengthGroups(lengths: ArrayLike<number>, groupCount: number): number[][] {
  const count = lengths.length;
  const order = Array.from({ length: count }, (_, index) => index).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const groups = Math.min(groupCount, count);
  const tokensBefore = new Float64Array(count + 1);
  order.forEach((text, place) => (tokensBefore[place + 1] = tokensBefore[place]! + lengths[text]!));

  // best[c][j]: least cost of the first j texts in c groups; start[c][j]: where the last of these groups begins.
  const width = count + 1;
  const best = new Float64Array((groups + 1) * width).fill(Infinity);
  const start = new Int32Array((groups + 1) * width);
  best[0] = 0;
  for (let c = 1; c <= groups; c++) {
    for (let j = c; j <= count; j++) {
      const longest = lengths[order[j - 1]!]!;
      for (let i = c - 1; i < j; i++) {
        const before = best[(c - 1) * width + i]!;
        const tokens = tokensBefore[j]! - tokensBefore[i]!;
        const cost = before + tokens * tokens + ATTENTION_WEIGHT * (j - i) * longest * longest;
        if (cost < best[c * width + j]!) {
          best[c * width + j] = cost;
          start[c * width + j] = i;
        }
      }
    }
  }
  const result: number[][] = [];
  let end = count;
  for (let c = groups; c > 0; c--) {
    const begin = start[c * width + end]!;
    result.unshift(order.slice(begin, end));
    end = begin;
  }
  return result;
}
