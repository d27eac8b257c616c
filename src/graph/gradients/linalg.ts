// Gradients of products. ONNX Runtime's products of row-major matrices are fastest with no operand transposed along the long axis
// of tokens, so a weight's gradient transposes the narrow operand apart and multiplies plainly.
import { concat, fill, gelu, gemm, matMul, mul, reshape, scalar, slice, transpose } from '../build.js';
import type { Op } from '../ops.js';
import { isNode, type Shape, type Tensor } from '../tensor.js';
import { unbroadcast, type GradientRule } from './gradient-rule.js';

export const linalgGradients = {
  // y = α·a·b: da = α·dy·bᵀ, db = α·aᵀ·dy, each transposed once more where the operand came transposed
  MatMul: ({ inputs: [a, b], attributes: { transA, transB, alpha } }, dy) => {
    const da = transA
      ? matMul(b!, dy, { transA: transB, transB: true, alpha })
      : matMul(dy, b!, { transB: !transB, alpha });
    const db = transB
      ? matMul(dy, a!, { transA: true, transB: transA, alpha })
      : matMul(a!, dy, { transA: !transA, alpha });
    return [unbroadcast(da, a!.shape), unbroadcast(db, b!.shape)];
  },
  // y = α·a·b + β·c: as MatMul, and dc = β·dy
  Gemm: ({ inputs: [a, b, c], attributes: { transA, transB, alpha, beta } }, dy) => {
    const da = transA
      ? gemm(b!, dy, { transA: transB, transB: true, alpha })
      : gemm(dy, b!, { transB: !transB, alpha });
    const db = transB
      ? gemm(dy, a!, { transA: true, transB: transA, alpha })
      : gemm(a!, dy, { transA: !transA, alpha });
    return c === undefined ? [da, db] : [da, db, scaledBy(unbroadcast(dy, c.shape), beta)];
  },
  // y = x·W + b: dx = dy·Wᵀ, dW = xᵀ·dy, db = Σ dy over the tokens.
  // W [in, out]: [xᵀ; 1]·dy gives dW with db as one row more. W [out, in]: dWᵀ = dyᵀ·x.
  Linear: ({ inputs: [x, w, b], attributes: { layout } }, dy) => {
    if (layout === 'out,in') return [gemm(dy, w!), gemm(turned(dy), keptOrAgain(x!)), columnSums(dy, b!.shape)];
    const [inner, outer] = w!.shape as readonly number[];
    const withOnes = concat([transpose(keptOrAgain(x!), [1, 0]), ones(dy)], 0);
    const joint = gemm(withOnes, dy); // [in + 1, out]
    const db = reshape(slice(joint, 0, inner!, inner! + 1), [outer!]);
    return [gemm(dy, w!, { transB: true }), slice(joint, 0, 0, inner!), db];
  },
} satisfies { [K in Op]?: GradientRule<K> };

/**
 * A product's operand for the backward pass: a GELU is worked out again from its own input, which its gradient needs as well, so that a
 * layer keeps one such tensor in place of two. The view of the input keeps ONNX Runtime from taking it for the first one.
 */
function keptOrAgain(x: Tensor): Tensor {
  if (!isNode(x.node, 'Gelu')) return x;
  const [z] = x.node.inputs as [Tensor];
  return gelu(reshape(z, z.shape));
}

/** A row of ones as long as x has rows: `[1, tokens]`. */
export function ones(x: Tensor): Tensor {
  return fill(1, [1, x.shape[0]!]);
}

/**
 * Sums of the columns of `[tokens, width]`, as a product, in the shape `[width]` or `[1, width]`. Those of a product `a·b` are `(1·a)·b`:
 * pooling gives every token of a text the same gradient, and adding up thousands of equal addends rounds them all the same way.
 */
export function columnSums(x: Tensor, shape: Shape): Tensor {
  if (!isNode(x.node, 'MatMul')) return reshape(matMul(ones(x), x), shape);
  const { transA, transB, alpha } = x.node.attributes;
  const [a, b] = x.node.inputs as [Tensor, Tensor];
  return reshape(matMul(matMul(ones(x), a, { transB: transA }), b, { transB, alpha }), shape);
}

/** xᵀ as a copy of its own. */
function turned(x: Tensor): Tensor {
  return transpose(x, [1, 0], { materialize: true });
}

function scaledBy(x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : mul(x, scalar(factor));
}
