// Shapes of reductions, products, normalization and attention.
import type { Op } from '../ops.js';
import { sameShape, type Dim, type Shape, type Tensor } from '../tensor.js';
import { axisOf, broadcast, input, need, needRank, type ShapeRule } from './shape-rule.js';

type Reduction = 'ReduceSum' | 'ReduceMean';

function reduction(op: Reduction): ShapeRule<Reduction> {
  return (inputs, { axes, keepdims }) => {
    const x = input(op, inputs, 0);
    const places = new Set(axes.map((axis) => axisOf(op, axis, x.shape)));
    const shape = x.shape.flatMap((dim, at) => (places.has(at) ? (keepdims ? [1] : []) : [dim]));
    return [{ shape, dtype: x.dtype }];
  };
}

/** Rows and columns of a matrix, or of the last two axes of a stack of them. */
function matrix(shape: Shape, transposed: boolean): [Dim, Dim] {
  const [rows, columns] = shape.slice(-2) as [Dim, Dim];
  return transposed ? [columns, rows] : [rows, columns];
}

/** `[texts, heads, places, width]`, which query, key and value share. */
function attentionShape(op: Op, inputs: readonly Tensor[]): readonly [Dim, Dim, Dim, Dim] {
  const [q, k, v] = [input(op, inputs, 0), input(op, inputs, 1), input(op, inputs, 2)];
  needRank(op, q, 4);
  need(op, sameShape(q.shape, k.shape), 'query and key differ', q.shape, k.shape);
  need(op, sameShape(k.shape, v.shape), 'key and value differ', k.shape, v.shape);
  return q.shape as [Dim, Dim, Dim, Dim];
}

export const productShapes = {
  ReduceSum: reduction('ReduceSum'),
  ReduceMean: reduction('ReduceMean'),
  Softmax: (inputs) => [input('Softmax', inputs, 0)],
  LogSoftmax: (inputs) => [input('LogSoftmax', inputs, 0)],
  MatMul: (inputs, { transA, transB }) => {
    const [a, b] = [input('MatMul', inputs, 0), input('MatMul', inputs, 1)];
    need('MatMul', a.shape.length >= 2 && b.shape.length >= 2, 'needs matrices', a.shape, b.shape);
    const [rows, inner] = matrix(a.shape, transA);
    const [innerB, columns] = matrix(b.shape, transB);
    need('MatMul', inner === innerB, 'inner dims differ', a.shape, b.shape);
    const leading = broadcast('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ shape: [...leading, rows, columns], dtype: 'float32' }];
  },
  Gemm: (inputs, { transA, transB }) => {
    const [a, b, c] = [input('Gemm', inputs, 0), input('Gemm', inputs, 1), inputs[2]];
    needRank('Gemm', a, 2);
    needRank('Gemm', b, 2);
    const [rows, inner] = matrix(a.shape, transA);
    const [innerB, columns] = matrix(b.shape, transB);
    need('Gemm', inner === innerB, 'inner dims differ', a.shape, b.shape);
    const shape = [rows, columns];
    if (c !== undefined) {
      need('Gemm', sameShape(broadcast('Gemm', c.shape, shape), shape), 'c does not broadcast', c.shape, shape);
    }
    return [{ shape, dtype: 'float32' }];
  },
  Linear: (inputs, { layout }) => {
    const [x, w, b] = [input('Linear', inputs, 0), input('Linear', inputs, 1), input('Linear', inputs, 2)];
    needRank('Linear', x, 2);
    needRank('Linear', w, 2);
    const [inner, columns] = matrix(w.shape, layout === 'out,in');
    need('Linear', x.shape[1] === inner, 'inner dims differ', x.shape, w.shape);
    need('Linear', sameShape(b.shape, [columns]), 'bias does not fit', w.shape, b.shape);
    return [{ shape: [x.shape[0]!, columns], dtype: 'float32' }];
  },
  LayerNormalization: (inputs) => {
    const [x, weight, bias] = [0, 1, 2].map((place) => input('LayerNormalization', inputs, place)) as [
      (typeof inputs)[0],
      (typeof inputs)[0],
      (typeof inputs)[0],
    ];
    const width = [x.shape.at(-1)!];
    need('LayerNormalization', sameShape(weight.shape, width), 'weight does not fit', x.shape, weight.shape);
    need('LayerNormalization', sameShape(bias.shape, width), 'bias does not fit', x.shape, bias.shape);
    const row = { shape: [...x.shape.slice(0, -1), 1], dtype: 'float32' as const };
    return [{ shape: x.shape, dtype: 'float32' }, row, row];
  },
  Attention: (inputs, { hasBias, hasMask }) => {
    const [texts, heads, places, width] = attentionShape('Attention', inputs);
    const scores = [texts, heads, places, places];
    if (hasBias) {
      const bias = input('Attention', inputs, 3).shape;
      need('Attention', sameShape(broadcast('Attention', bias, scores), scores), 'bias does not fit', bias, scores);
    }
    if (hasMask) {
      const mask = input('Attention', inputs, hasBias ? 4 : 3).shape;
      need('Attention', sameShape(mask, scores), 'mask does not fit', mask, scores);
    }
    const square = { shape: scores, dtype: 'float32' as const };
    return [{ shape: [texts, heads, places, width], dtype: 'float32' }, square, square];
  },
  FusedAttention: (inputs) => {
    const shape = attentionShape('FusedAttention', inputs);
    const lengths = input('FusedAttention', inputs, 3).shape;
    need('FusedAttention', sameShape(lengths, [shape[0]]), 'one length a text', shape, lengths);
    return [{ shape, dtype: 'float32' }];
  },
} satisfies { [K in Op]?: ShapeRule<K> };
