// ONNX nodes of reductions, products, normalization and attention.
import type { Op } from '../ops.js';
import { asInt64, paddingScores } from './elementwise.js';
import { ELEMENT_TYPES } from './onnx-schema.js';
import { scaled, type EmissionRule } from './emission-rule.js';
import type { Emitter } from './emitter.js';

const LAST_AXIS = { attributes: { axis: { int: -1 } } } as const;

/** `alpha · a·b`, as FusedMatMul where a plain MatMul does not say it; standard targets transpose and scale apart. */
function product(
  emitter: Emitter,
  [a, b]: readonly [string, string],
  {
    transA = false,
    transB = false,
    alpha = 1,
    rank,
  }: { transA?: boolean; transB?: boolean; alpha?: number; rank: number },
): string {
  if (!transA && !transB && alpha === 1) return emitter.add('MatMul', [a, b]);
  if (!emitter.target.standardOnly) {
    return emitter.add('FusedMatMul', [a, b], {
      domain: 'com.microsoft',
      attributes: { transA: { int: Number(transA) }, transB: { int: Number(transB) }, alpha: { float: alpha } },
    });
  }
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  const transposed = (x: string): string => emitter.add('Transpose', [x], { attributes: { perm: { ints: perm } } });
  return emitter.add('MatMul', [scaled(emitter, transA ? transposed(a) : a, alpha), transB ? transposed(b) : b]);
}

/** `softmax(scale · q·kᵀ + bias)`. */
function attentionProbabilities(
  emitter: Emitter,
  [q, k]: readonly [string, string],
  { scale, bias }: { scale: number; bias: string | undefined },
): string {
  const scores = product(emitter, [q, k], { transB: true, alpha: scale, rank: 4 });
  return emitter.add('Softmax', [bias === undefined ? scores : emitter.add('Add', [scores, bias])], LAST_AXIS);
}

export const productEmission = {
  ReduceSum: ({ attributes: { axes, keepdims } }, { emitter, inputs: [x] }) => [
    emitter.add('ReduceSum', [x!, emitter.ints(axes)], { attributes: { keepdims: { int: Number(keepdims) } } }),
  ],
  ReduceMean: ({ attributes: { axes, keepdims } }, { emitter, inputs: [x] }) => {
    const kept = { keepdims: { int: Number(keepdims) } };
    // The axes became an input with operator set 18.
    if (emitter.target.opset < 18) {
      return [emitter.add('ReduceMean', [x!], { attributes: { ...kept, axes: { ints: axes } } })];
    }
    return [emitter.add('ReduceMean', [x!, emitter.ints(axes)], { attributes: kept })];
  },
  Softmax: (_node, { emitter, inputs }) => [emitter.add('Softmax', inputs, LAST_AXIS)],
  LogSoftmax: (_node, { emitter, inputs }) => [emitter.add('LogSoftmax', inputs, LAST_AXIS)],
  MatMul: ({ attributes, inputs: [a, b] }, { emitter, inputs }) => {
    const rank = Math.max(a!.shape.length, b!.shape.length);
    if (
      emitter.target.standardOnly &&
      a!.shape.length !== b!.shape.length &&
      (attributes.transA || attributes.transB)
    ) {
      throw new Error('MatMul: standard operators transpose only inputs of one rank');
    }
    return [product(emitter, inputs as readonly [string, string], { ...attributes, rank })];
  },
  Gemm: ({ attributes: { transA, transB, alpha, beta } }, { emitter, inputs }) => [
    emitter.add('Gemm', inputs, {
      attributes: {
        transA: { int: Number(transA) },
        transB: { int: Number(transB) },
        alpha: { float: alpha },
        beta: { float: beta },
      },
    }),
  ],
  Linear: ({ attributes: { layout } }, { emitter, inputs }) => [
    emitter.add('Gemm', inputs, { attributes: { transB: { int: Number(layout === 'out,in') } } }),
  ],
  LayerNormalization: ({ attributes: { epsilon } }, { emitter, inputs, isUsed }) =>
    emitter.addMany('LayerNormalization', inputs, {
      outputs: isUsed(1) || isUsed(2) ? 3 : 1,
      attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
    }),
  Attention: ({ attributes }, { emitter, inputs }) => {
    const { scale, hasBias, hasMask, dropoutScale } = attributes;
    const [q, k, v, ...optional] = inputs as [string, string, string, ...string[]];
    const probabilities = attentionProbabilities(emitter, [q, k], { scale, bias: hasBias ? optional[0] : undefined });
    if (!hasMask) return [emitter.add('MatMul', [probabilities, v]), probabilities];
    const cast = { attributes: { to: { int: ELEMENT_TYPES.float32 } } };
    const masked = emitter.add('Mul', [probabilities, emitter.add('Cast', [optional.at(-1)!], cast)]);
    // The dropout's scale costs nothing inside the product.
    return [product(emitter, [masked, v], { alpha: dropoutScale, rank: 4 }), probabilities, masked];
  },
  FusedAttention: ({ attributes: { scale }, inputs: [query] }, { emitter, inputs }) => {
    const [q, k, v, lengths] = inputs as [string, string, string, string];
    if (!emitter.target.standardOnly) {
      // One text's scores of one head after the other: product, padding and softmax find them in a core's cache.
      const noMaskAndNoPast = ['', '', ''];
      return [
        emitter.add('Attention', [q, k, v, ...noMaskAndNoPast, asInt64(emitter, lengths)], {
          attributes: { scale: { float: scale } },
        }),
      ];
    }
    const bias = paddingScores(emitter, lengths, query!.shape[2]!);
    return [emitter.add('MatMul', [attentionProbabilities(emitter, [q, k], { scale, bias }), v])];
  },
} satisfies { [K in Op]?: EmissionRule<K> };
