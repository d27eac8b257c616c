// Gradients of reductions.
import { exp, mul, reduceSum, scalar, sub } from '../build.js';
import type { Op } from '../ops.js';
import { showShape } from '../tensor.js';
import { spread, type GradientRule } from './gradient-rule.js';

export const reductionGradients = {
  // dx = dy, spread over the summed axes
  ReduceSum: ({ inputs: [x], attributes: { axes, keepdims } }, dy) => [spread(dy, axes, keepdims, x!.shape)],
  // dx = dy / n, spread
  ReduceMean: ({ inputs: [x], attributes: { axes, keepdims } }, dy) => {
    const count = axes.reduce((size, axis) => {
      const dim = x!.shape.at(axis);
      if (typeof dim !== 'number') {
        throw new Error(`ReduceMean: the gradient needs known lengths, got ${showShape(x!.shape)}`);
      }
      return size * dim;
    }, 1);
    return [spread(mul(dy, scalar(1 / count)), axes, keepdims, x!.shape)];
  },
  // dx = y · (dy − Σ dy·y)
  Softmax: ({ outputs: [y] }, dy) => [mul(y!, sub(dy, reduceSum(mul(dy, y!))))],
  // dx = dy − softmax(x) · Σ dy
  LogSoftmax: ({ outputs: [y] }, dy) => [sub(dy, mul(exp(y!), reduceSum(dy)))],
} satisfies { [K in Op]?: GradientRule<K> };
