// ONNX nodes of sources and elementwise operations.
import type { Op } from '../ops.js';
import { ELEMENT_TYPES } from './onnx-schema.js';
import { sameName, type EmissionRule } from './emission-rule.js';
import type { Dim } from '../tensor.js';
import { tensorProto, type Emitter } from './emitter.js';

/** Far below any score, and far from the end of float32. */
const PADDING_SCORE = -1e9;

function range(emitter: Emitter, dim: Dim): string {
  const int = (value: number): string => emitter.constant('int64', [], BigInt64Array.of(BigInt(value)));
  return emitter.add('Range', [int(0), emitter.add('Squeeze', [emitter.dim(dim)]), int(1)]);
}

/** As int64, which ONNX's operators take lengths in. */
export function asInt64(emitter: Emitter, x: string): string {
  return emitter.add('Cast', [x], { attributes: { to: { int: ELEMENT_TYPES.int64 } } });
}

/** `[N, 1, 1, places]` of the operation PaddingScores. */
export function paddingScores(emitter: Emitter, lengths: string, places: Dim): string {
  const perText = emitter.add('Reshape', [asInt64(emitter, lengths), emitter.ints([-1, 1, 1, 1])]);
  const isOwn = emitter.add('Less', [range(emitter, places), perText]);
  return emitter.add('Where', [isOwn, emitter.float(0), emitter.float(PADDING_SCORE)]);
}

export const elementwiseEmission = {
  Input: ({ attributes: { name, dtype, shape } }, { emitter }) => [emitter.declareInput(name, dtype, shape)],
  Constant: ({ attributes: { name, dtype, shape, data } }, { emitter }) => [
    name === undefined ? emitter.constant(dtype, shape, data) : emitter.addInitializer(name, dtype, shape, data),
  ],
  Fill: ({ attributes: { value, shape } }, { emitter }) => {
    const tensor = tensorProto('float32', [1], Float32Array.of(value));
    return [emitter.add('ConstantOfShape', [emitter.shape(shape)], { attributes: { value: { tensor } } })];
  },
  Range: ({ attributes: { dim } }, { emitter }) => [range(emitter, dim)],
  EyeLike: (_node, { emitter, inputs }) => [
    emitter.add('EyeLike', inputs, { attributes: { dtype: { int: ELEMENT_TYPES.float32 } } }),
  ],
  PaddingScores: ({ attributes: { places } }, { emitter, inputs: [lengths] }) => [
    paddingScores(emitter, lengths!, places),
  ],
  Add: sameName('Add'),
  Sub: sameName('Sub'),
  Mul: sameName('Mul'),
  Div: sameName('Div'),
  Neg: sameName('Neg'),
  Exp: sameName('Exp'),
  Log: sameName('Log'),
  Sqrt: sameName('Sqrt'),
  Erf: sameName('Erf'),
  Tanh: sameName('Tanh'),
  HardSigmoid: ({ attributes: { alpha, beta } }, { emitter, inputs }) => [
    emitter.add('HardSigmoid', inputs, { attributes: { alpha: { float: alpha }, beta: { float: beta } } }),
  ],
  Cast: ({ attributes: { to } }, { emitter, inputs }) => [
    emitter.add('Cast', inputs, { attributes: { to: { int: ELEMENT_TYPES[to] } } }),
  ],
  Gelu: (_node, { emitter, inputs }) => {
    if (!emitter.target.standardOnly) return [emitter.add('Gelu', inputs, { domain: 'com.microsoft' })];
    // The usual exporters' pattern, which ONNX Runtime fuses into one kernel.
    const [z] = inputs as [string];
    const inner = emitter.add('Erf', [emitter.add('Div', [z, emitter.float(Math.SQRT2)])]);
    const twiceCdf = emitter.add('Add', [inner, emitter.float(1)]);
    return [emitter.add('Mul', [emitter.add('Mul', [z, twiceCdf]), emitter.float(0.5)])];
  },
  Dropout: ({ attributes: { scale } }, { emitter, inputs: [x, mask] }) => {
    // 0 and 1 to 0 and the scale in one pass, where a cast takes a second one for the scale.
    const factors = emitter.add('DequantizeLinear', [mask!, emitter.float(scale)]);
    return [emitter.add('Mul', [x!, factors])];
  },
} satisfies { [K in Op]?: EmissionRule<K> };
