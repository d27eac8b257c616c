// Gradient of layer normalization from the mean and inverse deviation that the forward pass saved.
import { add, expand, matMul, mul, neg, reshape, scalar, slice, sub } from '../build.js';
import type { Op } from '../ops.js';
import { showShape, type Tensor } from '../tensor.js';
import { needOnlyFirst, type GradientRule } from './gradient-rule.js';
import { columnSums } from './linalg.js';

export const normalizationGradients = {
  // With c = x − mean and r = 1/deviation of a row, H its width, w the weight:
  //   dw = Σ dy·c·r    db = Σ dy    over the rows
  //   dx = r·(w·dy) − r·m₁ − c·r³·m₂,  m₁ = Σ w·dy / H,  m₂ = Σ w·dy·c / H  over a row
  // Every sum is a product with a vector, and what is one number a row is worked out as such. Centred first: with x in place of c
  // digits are lost where a row's mean is large against its deviation.
  LayerNormalization: (node, dy, rest) => {
    needOnlyFirst(node, rest);
    const [x, weight, bias] = node.inputs as [Tensor, Tensor, Tensor];
    const [, mean, r] = node.outputs as [Tensor, Tensor, Tensor];
    const width = weight.shape[0];
    if (x.shape.length !== 2 || typeof width !== 'number') {
      throw new Error(`LayerNormalization: the gradient needs [rows, known width], got ${showShape(x.shape)}`);
    }
    const c = sub(x, mean);
    const p = mul(dy, c);
    const dw = reshape(matMul(reshape(r, [1, x.shape[0]!]), p), weight.shape);
    const db = columnSums(dy, bias.shape);
    // Twice the same column: ONNX Runtime has a kernel for one column whose last bits depend on where a thread's rows begin.
    const columns = expand(reshape(mul(weight, scalar(1 / width)), [width, 1]), [width, 2]);
    const m1 = slice(matMul(dy, columns), 1, 0, 1); // [rows, 1]
    const m2 = slice(matMul(p, columns), 1, 0, 1); // [rows, 1]
    const slope = neg(mul(mul(mul(r, r), r), m2));
    const shift = neg(mul(r, m1));
    const dx = add(add(mul(mul(dy, weight), r), mul(c, slope)), shift);
    return [dx, dw, db];
  },
} satisfies { [K in Op]?: GradientRule<K> };
