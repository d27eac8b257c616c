// Gradients of sources and elementwise operations.
import { add, div, dropout, erf, exp, hardSigmoid, mul, neg, scalar, sub } from '../build.js';
import type { Op } from '../ops.js';
import type { Tensor } from '../tensor.js';
import { notDifferentiable, unbroadcast, type GradientRule } from './gradient-rule.js';

type Rules = { [K in Op]?: GradientRule<K> | typeof notDifferentiable };

export const elementwiseGradients = {
  Input: notDifferentiable,
  Constant: notDifferentiable,
  Fill: notDifferentiable,
  Range: notDifferentiable,
  EyeLike: notDifferentiable,
  // Stands in gradients alone.
  HardSigmoid: notDifferentiable,
  PaddingScores: notDifferentiable,
  // Only masks, indices and lengths are cast.
  Cast: notDifferentiable,

  // da = dy, db = dy
  Add: ({ inputs: [a, b] }, dy) => [unbroadcast(dy, a!.shape), unbroadcast(dy, b!.shape)],
  // da = dy, db = −dy
  Sub: ({ inputs: [a, b] }, dy) => [unbroadcast(dy, a!.shape), neg(unbroadcast(dy, b!.shape))],
  // da = dy · b, db = dy · a
  Mul: ({ inputs: [a, b] }, dy) => [unbroadcast(mul(dy, b!), a!.shape), unbroadcast(mul(dy, a!), b!.shape)],
  // da = dy / b, db = −dy · y / b
  Div: ({ inputs: [a, b], outputs: [y] }, dy) => {
    const da = div(dy, b!);
    return [unbroadcast(da, a!.shape), neg(unbroadcast(mul(da, y!), b!.shape))];
  },
  // dx = −dy
  Neg: (_node, dy) => [neg(dy)],
  // dx = dy · y
  Exp: ({ outputs: [y] }, dy) => [mul(dy, y!)],
  // dx = dy / x
  Log: ({ inputs: [x] }, dy) => [div(dy, x!)],
  // dx = dy / 2y
  Sqrt: ({ outputs: [y] }, dy) => [div(mul(dy, scalar(0.5)), y!)],
  // dx = dy · 2/√π · exp(−x²)
  Erf: ({ inputs: [x] }, dy) => [mul(dy, gauss(x!, 2 / Math.sqrt(Math.PI)))],
  // dx = dy · (1 − y²)
  Tanh: ({ outputs: [y] }, dy) => [mul(dy, sub(scalar(1), mul(y!, y!)))],
  // dz = dy · (Φ(z) + z·φ(z)), Φ(z) = (1 + erf(z/√2))/2, φ(z) = exp(−z²/2)/√(2π)
  Gelu: ({ inputs: [z] }, dy) => {
    const s = mul(z!, scalar(Math.SQRT1_2));
    // Half of 1 + erf in one pass; never held back, since it lies between 0 and 1.
    const cdf = hardSigmoid(erf(s), { alpha: 0.5, beta: 0.5 });
    return [mul(dy, add(cdf, mul(z!, gauss(s, 1 / Math.sqrt(2 * Math.PI)))))];
  },
  // dx = dy · mask · scale
  Dropout: ({ inputs: [, mask], attributes: { scale } }, dy) => [dropout(dy, mask!, scale), undefined],
} satisfies Rules;

/** `factor · exp(−x²)`, the factor inside: a pass less than outside. */
function gauss(x: Tensor, factor: number): Tensor {
  return exp(sub(scalar(Math.log(factor)), mul(x, x)));
}
