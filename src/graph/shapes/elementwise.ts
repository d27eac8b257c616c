// Shapes of sources and elementwise operations.
import type { Op } from '../ops.js';
import { sameShape, type Tensor, type TensorType } from '../tensor.js';
import { broadcast, input, knownSize, need, needRank, type ShapeRule } from './shape-rule.js';

type Binary = 'Add' | 'Sub' | 'Mul' | 'Div';
type Unary = 'Neg' | 'Exp' | 'Log' | 'Sqrt' | 'Erf' | 'Tanh' | 'HardSigmoid' | 'Gelu';

function binary(op: Binary): ShapeRule<Binary> {
  return (inputs) => {
    const [a, b] = [input(op, inputs, 0), input(op, inputs, 1)];
    if (a.dtype !== b.dtype) throw new Error(`${op}: needs inputs of one type, got ${a.dtype} and ${b.dtype}`);
    return [{ shape: broadcast(op, a.shape, b.shape), dtype: a.dtype }];
  };
}

function needFloat(op: Op, x: Tensor): TensorType {
  if (x.dtype !== 'float32') throw new Error(`${op}: needs float32, got ${x.dtype}`);
  return { shape: x.shape, dtype: 'float32' };
}

function unary(op: Unary): ShapeRule<Unary> {
  return (inputs) => [needFloat(op, input(op, inputs, 0))];
}

export const elementwiseShapes = {
  Input: (_inputs, { shape, dtype }) => [{ shape, dtype }],
  Constant: (_inputs, { shape, dtype, data }) => {
    need('Constant', knownSize(shape) === data.length, `shape does not fit ${data.length} values`, shape);
    return [{ shape, dtype }];
  },
  Fill: (_inputs, { shape }) => [{ shape, dtype: 'float32' }],
  Range: (_inputs, { dim }) => [{ shape: [dim], dtype: 'int64' }],
  EyeLike: (inputs) => {
    const x = input('EyeLike', inputs, 0);
    needRank('EyeLike', x, 2);
    return [{ shape: x.shape, dtype: 'float32' }];
  },
  PaddingScores: (inputs, { places }) => {
    const lengths = input('PaddingScores', inputs, 0);
    needRank('PaddingScores', lengths, 1);
    return [{ shape: [lengths.shape[0]!, 1, 1, places], dtype: 'float32' }];
  },
  Add: binary('Add'),
  Sub: binary('Sub'),
  Mul: binary('Mul'),
  Div: binary('Div'),
  Neg: unary('Neg'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Sqrt: unary('Sqrt'),
  Erf: unary('Erf'),
  Tanh: unary('Tanh'),
  HardSigmoid: unary('HardSigmoid'),
  Gelu: unary('Gelu'),
  Cast: (inputs, { to }) => [{ shape: input('Cast', inputs, 0).shape, dtype: to }],
  Dropout: (inputs) => {
    const [x, mask] = [input('Dropout', inputs, 0), input('Dropout', inputs, 1)];
    need('Dropout', sameShape(x.shape, mask.shape), 'mask and value need one shape', x.shape, mask.shape);
    return [needFloat('Dropout', x)];
  },
} satisfies { [K in Op]?: ShapeRule<K> };
