// Gradient of scaled dot-product attention (as in Dao et al. 2022, appendix B, but with the probabilities at hand).
import { matMul, mul, reduceSum, sub } from '../build.js';
import type { Op } from '../ops.js';
import type { Tensor } from '../tensor.js';
import { needOnlyFirst, notDifferentiable, type GradientRule } from './gradient-rule.js';

export const attentionGradients = {
  // A = softmax(s·q·kᵀ + bias), M = A·mask, o = t·M·v (without dropout M = A, t = 1):
  //   dv = t·Mᵀ·do    dM = t·do·vᵀ    d = Σ do·o over a row, which is Σ dA·A without touching the scores
  //   dS = M·dM − A·d    dq = s·dS·k    dk = s·dSᵀ·q
  Attention: (node, dy, rest) => {
    needOnlyFirst(node, rest);
    const { scale, hasMask, dropoutScale } = node.attributes;
    const [q, k, v] = node.inputs as readonly [Tensor, Tensor, Tensor];
    const [o, probabilities, masked] = node.outputs as readonly [Tensor, Tensor, Tensor];
    const kept = hasMask ? masked : probabilities;
    const dv = matMul(kept, dy, { transA: true, alpha: dropoutScale });
    const dKept = matMul(dy, v, { transB: true, alpha: dropoutScale });
    const d = reduceSum(mul(dy, o));
    const dScores = hasMask ? sub(mul(kept, dKept), mul(probabilities, d)) : mul(probabilities, sub(dKept, d));
    const dq = matMul(dScores, k, { alpha: scale });
    const dk = matMul(dScores, q, { transA: true, alpha: scale });
    // Bias and mask are not parameters.
    return [dq, dk, dv, ...node.inputs.slice(3).map(() => undefined)];
  },
  // Without the probabilities there is nothing to go back on.
  FusedAttention: notDifferentiable,
} satisfies { [K in Op]?: GradientRule<K> | typeof notDifferentiable };
