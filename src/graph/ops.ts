// The operations of the tensor IR and their attributes. Names are ONNX's where ONNX has the operation; the others are fused
// operations whose gradient is cheaper than that of their parts. An operation needs an entry in three tables, and the compiler
// names the one that lacks it: shapes/shape-rules.ts, gradients/gradient-rules.ts, emission/emission-rules.ts.
import type { Dim, DType, TensorData } from './tensor.js';

type None = Record<never, never>;

/** Attributes by operation. `T` below stands for packed tokens, `S` for places in a padded group. */
export interface OpAttributes {
  // Sources
  /** A value fed at every run. */
  Input: { name: string; dtype: DType; shape: readonly Dim[] };
  /** A value stored in the graph; a named one is a weight. */
  Constant: { name?: string; dtype: DType; shape: readonly number[]; data: TensorData };
  /** A float32 tensor filled with one value. */
  Fill: { value: number; shape: readonly Dim[] };
  /** `[dim]` int64: 0, 1, 2, … */
  Range: { dim: Dim };
  /** A float32 matrix of the input's shape with ones on its diagonal. */
  EyeLike: None;
  /** Lengths `[N]` int32 to `[N, 1, 1, places]` float32: 0 at a text's own places, −10⁹ at the padding behind them. */
  PaddingScores: { places: Dim };

  // Elementwise, NumPy broadcasting for those with two inputs
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Neg: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Erf: None;
  Tanh: None;
  /** `alpha · x + beta`, held between 0 and 1. */
  HardSigmoid: { alpha: number; beta: number };
  Cast: { to: DType };
  /** `z/2 · (1 + erf(z/√2))` (Hendrycks and Gimpel, the exact form). */
  Gelu: None;
  /** `x · mask · scale`, mask 0 or 1 as uint8. */
  Dropout: { scale: number };

  // Movement
  /** At most the dimensions that no input of the graph knows are worked out: one of them. */
  Reshape: { shape: readonly Dim[] };
  /** `materialize`: keep ONNX Runtime from folding it into a product, whose transposed form is slower than the copy. */
  Transpose: { perm: readonly number[]; materialize?: boolean };
  Concat: { axis: number };
  /** Equal parts along an axis, of the given dimension each. */
  Split: { axis: number; parts: number; dim: Dim };
  Slice: { axis: number; start: number; end: number };
  Expand: { shape: readonly Dim[] };
  /** Rows of a table: `[R, …] , index [I…] → [I…, …]`. */
  Gather: None;
  /**
   * Packed rows to groups of like length. Inputs: rows `[R, D]`, an index `[…]` a group, the inverse index `[T, C]` with
   * `T · C = R`; outputs: `[…, D]` a group. Slots of padding name a row of the pad token.
   */
  PackedToGroups: { groups: number };
  /**
   * The way back. Inputs: a tensor `[…, D]` a group, an index `[T, C]` into the rows of all groups laid end to end, and the groups'
   * own indices; output `[T, C, D]`.
   */
  GroupsToPacked: { groups: number };

  // Reduction
  ReduceSum: { axes: readonly number[]; keepdims: boolean };
  ReduceMean: { axes: readonly number[]; keepdims: boolean };
  /** Over the last axis. */
  Softmax: None;
  /** Over the last axis. */
  LogSoftmax: None;

  // Linear algebra
  /** `alpha · a·b` over the last two axes, transposed where told; leading axes broadcast. */
  MatMul: { transA: boolean; transB: boolean; alpha: number };
  /** `alpha · a·b + beta · c` of matrices; c is optional and broadcasts to the result. */
  Gemm: { transA: boolean; transB: boolean; alpha: number; beta: number };
  /** `x·W + b`, x `[T, in]`; `layout` is how W is stored. */
  Linear: { layout: 'in,out' | 'out,in' };

  // Normalization
  /** Over the last axis; further outputs: mean and inverse deviation of each row, `[…, 1]`. */
  LayerNormalization: { epsilon: number };

  // Attention
  /**
   * `softmax(scale · q·kᵀ + bias) · v` with q, k, v `[N, heads, S, D]`. Optional inputs: bias (broadcasts to the scores) and mask
   * (uint8, dropout on the probabilities, scaled by `dropoutScale`). Outputs: result, probabilities, probabilities under the mask.
   */
  Attention: { scale: number; hasBias: boolean; hasMask: boolean; dropoutScale: number };
  /** The result alone, with {@link OpAttributes.PaddingScores} of the fourth input, lengths `[N]` int32, as its bias. */
  FusedAttention: { scale: number };
}

/** Name of an operation. */
export type Op = keyof OpAttributes;
