// Factories of the IR: one function an operation, named as the operation is, with defaults where the field has them.
// A broken shape throws where the node is made, not where the graph runs.
import { makeNode } from './make-node.js';
import type { Op, OpAttributes } from './ops.js';
import type { Dim, DType, Shape, Tensor, TensorData } from './tensor.js';

/** The single output of a new node. */
function single<K extends Op>(op: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): Tensor {
  return makeNode(op, inputs, attributes).outputs[0]!;
}

/** A value fed at every run. */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return single('Input', [], { name, dtype, shape });
}

/** A value stored in the graph; name it when it is a weight. */
export function constant(dtype: DType, shape: readonly number[], data: TensorData, name?: string): Tensor {
  return single('Constant', [], { dtype, shape, data, ...(name === undefined ? {} : { name }) });
}

/** A float32 scalar stored in the graph. */
export function scalar(value: number): Tensor {
  return constant('float32', [], Float32Array.of(value));
}

/** A float32 tensor filled with one value; named dimensions must be those of some input. */
export function fill(value: number, shape: Shape): Tensor {
  return single('Fill', [], { value, shape });
}

/** 0, 1, 2, … up to a dimension, int64. */
export function range(dim: Dim): Tensor {
  return single('Range', [], { dim });
}

/** Ones on the diagonal of a matrix shaped as x. */
export function eyeLike(x: Tensor): Tensor {
  return single('EyeLike', [x], {});
}

/** What is added to the scores of texts of these lengths (int32, at least 1) in a group: a probability at padding is exactly 0. */
export function paddingScores(lengths: Tensor, places: Dim): Tensor {
  return single('PaddingScores', [lengths], { places });
}

export const add = (a: Tensor, b: Tensor): Tensor => single('Add', [a, b], {});
export const sub = (a: Tensor, b: Tensor): Tensor => single('Sub', [a, b], {});
export const mul = (a: Tensor, b: Tensor): Tensor => single('Mul', [a, b], {});
export const div = (a: Tensor, b: Tensor): Tensor => single('Div', [a, b], {});
export const neg = (x: Tensor): Tensor => single('Neg', [x], {});
export const exp = (x: Tensor): Tensor => single('Exp', [x], {});
export const log = (x: Tensor): Tensor => single('Log', [x], {});
export const sqrt = (x: Tensor): Tensor => single('Sqrt', [x], {});
export const erf = (x: Tensor): Tensor => single('Erf', [x], {});
export const tanh = (x: Tensor): Tensor => single('Tanh', [x], {});
export const hardSigmoid = (x: Tensor, attributes: OpAttributes['HardSigmoid']): Tensor =>
  single('HardSigmoid', [x], attributes);
export const gelu = (x: Tensor): Tensor => single('Gelu', [x], {});
export const cast = (x: Tensor, to: DType): Tensor => single('Cast', [x], { to });
export const softmax = (x: Tensor): Tensor => single('Softmax', [x], {});
export const logSoftmax = (x: Tensor): Tensor => single('LogSoftmax', [x], {});

/** `x · mask · scale`; scale is 1/(1 − p). */
export const dropout = (x: Tensor, mask: Tensor, scale: number): Tensor => single('Dropout', [x, mask], { scale });

export const reshape = (x: Tensor, shape: Shape): Tensor => single('Reshape', [x], { shape });
export const expand = (x: Tensor, shape: Shape): Tensor => single('Expand', [x], { shape });
export const concat = (parts: readonly Tensor[], axis: number): Tensor => single('Concat', parts, { axis });

/** Axes in the given order; `materialize` keeps the copy apart from the product that reads it. */
export function transpose(x: Tensor, perm: readonly number[], { materialize = false } = {}): Tensor {
  return single('Transpose', [x], { perm, ...(materialize ? { materialize } : {}) });
}

/** Equal parts along an axis; `dim` is the size or name of one. */
export function split(x: Tensor, axis: number, parts: number, dim: Dim): readonly Tensor[] {
  return makeNode('Split', [x], { axis, parts, dim }).outputs;
}

/** From `start` up to, not with, `end` on one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  return single('Slice', [x], { axis, start, end });
}

/** Rows of a table by index. */
export const gather = (table: Tensor, index: Tensor): Tensor => single('Gather', [table, index], {});

/** Packed rows `[R, D]` to one tensor a group; `inverse` `[T, C]` names for each row a slot of the groups laid end to end. */
export function packedToGroups(rows: Tensor, indices: readonly Tensor[], inverse: Tensor): readonly Tensor[] {
  return makeNode('PackedToGroups', [rows, ...indices, inverse], { groups: indices.length }).outputs;
}

/** Groups back to packed rows `[T, C, D]`; `indices` are those that made the groups from rows of the same layout. */
export function groupsToPacked(parts: readonly Tensor[], inverse: Tensor, indices: readonly Tensor[]): Tensor {
  return single('GroupsToPacked', [...parts, inverse, ...indices], { groups: parts.length });
}

/** Sum over axes; default: the last, kept as 1. */
export function reduceSum(
  x: Tensor,
  { axes = [-1], keepdims = true }: Partial<OpAttributes['ReduceSum']> = {},
): Tensor {
  return single('ReduceSum', [x], { axes, keepdims });
}

/** Mean over axes; default: the last, kept as 1. */
export function reduceMean(
  x: Tensor,
  { axes = [-1], keepdims = true }: Partial<OpAttributes['ReduceMean']> = {},
): Tensor {
  return single('ReduceMean', [x], { axes, keepdims });
}

/** `alpha · a·b`, transposed where told. */
export function matMul(
  a: Tensor,
  b: Tensor,
  { transA = false, transB = false, alpha = 1 }: Partial<OpAttributes['MatMul']> = {},
): Tensor {
  return single('MatMul', [a, b], { transA, transB, alpha });
}

/** `alpha · a·b + beta · c` of matrices. */
export function gemm(
  a: Tensor,
  b: Tensor,
  { c, transA = false, transB = false, alpha = 1, beta = 1 }: Partial<OpAttributes['Gemm']> & { c?: Tensor } = {},
): Tensor {
  return single('Gemm', c === undefined ? [a, b] : [a, b, c], { transA, transB, alpha, beta });
}

/** `x·W + b`. */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  { layout = 'in,out' }: Partial<OpAttributes['Linear']> = {},
): Tensor {
  return single('Linear', [x, weight, bias], { layout });
}

/** `(x − mean)/√(variance + epsilon) · weight + bias` over the last axis. */
export function layerNormalization(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return single('LayerNormalization', [x, weight, bias], { epsilon });
}

/** Scaled dot-product attention over `[N, heads, S, D]`; default scale 1/√D, no bias, no dropout. */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  {
    scale = 1 / Math.sqrt(Number(q.shape.at(-1))),
    bias,
    dropout: drop,
  }: { scale?: number; bias?: Tensor | undefined; dropout?: { mask: Tensor; scale: number } | undefined } = {},
): Tensor {
  const optional = [...(bias ? [bias] : []), ...(drop ? [drop.mask] : [])];
  return single('Attention', [q, k, v, ...optional], {
    scale,
    hasBias: bias !== undefined,
    hasMask: drop !== undefined,
    dropoutScale: drop?.scale ?? 1,
  });
}

/** Attention whose probabilities nobody asks for, over texts of the given lengths `[N]` (int32, at least 1) in `[N, heads, S, D]`. */
export function fusedAttention(q: Tensor, k: Tensor, v: Tensor, lengths: Tensor, scale: number): Tensor {
  return single('FusedAttention', [q, k, v, lengths], { scale });
}

/** `x / ‖x‖` over the last axis; a zero vector stays zero (torch's normalize divides by at least 1e-12). */
export function l2Normalize(x: Tensor): Tensor {
  return div(x, sqrt(add(reduceSum(mul(x, x)), scalar(1e-24))));
}
