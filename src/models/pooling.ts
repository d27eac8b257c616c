// Pooling and normalisation as pieces of a graph. Packed texts are pooled by one product with a matrix of weights (1/length at a
// text's tokens for the mean, 1 at its first for CLS); padded ones by sums under the attention mask.
import * as g from '../graph/build.js';
import type { Tensor } from '../graph/tensor.js';

/** How token states become a text's embedding. */
export type Pooling = 'mean' | 'cls';

/** `[texts, hidden]` from packed hidden states `[tokens, hidden]` and weights `[texts, tokens]`. */
export function poolPacked(hidden: Tensor, weights: Tensor, { normalize }: { normalize: boolean }): Tensor {
  // The long way round: ONNX Runtime shares out the longer side of a product among its threads, and cutting `hidden` moves the last bits.
  const pooled = g.transpose(g.matMul(hidden, weights, { transA: true, transB: true }), [1, 0]);
  return normalize ? g.l2Normalize(pooled) : pooled;
}

/** `[batch, hidden]` from `[batch, sequence, hidden]` and the int64 attention mask `[batch, sequence]`. */
export function poolPadded(
  hidden: Tensor,
  attentionMask: Tensor,
  { pooling, normalize }: { pooling: Pooling; normalize: boolean },
): Tensor {
  const width = hidden.shape.at(-1)!;
  const pooled = pooling === 'cls' ? g.reshape(g.slice(hidden, 1, 0, 1), ['batch', width]) : maskedMean();
  return normalize ? g.l2Normalize(pooled) : pooled;

  function maskedMean(): Tensor {
    const mask = g.reshape(g.cast(attentionMask, 'float32'), ['batch', 'sequence', 1]);
    const sum = g.reduceSum(g.mul(hidden, mask), { axes: [1], keepdims: false });
    return g.div(sum, g.reduceSum(mask, { axes: [1], keepdims: false }));
  }
}
