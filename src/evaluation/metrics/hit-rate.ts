// Hit rate@k, LlamaIndex's name for accuracy@k; reported at the cutoff that the spec's `evaluation.topK` says.
import { accuracy } from './accuracy.js';
import type { Ranking } from './ranking.js';

/**
 * `1 if |relevant ∩ top k| > 0 else 0`. Binary; ties by document index; nothing retrieved scores 0.
 *
 * Source: LlamaIndex's `HitRate` in its default, not granular, form.
 */
export function hitRate(ranking: Ranking, k: number): number {
  return accuracy(ranking, k);
}
