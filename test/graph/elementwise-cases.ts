// Cases of sources and elementwise operations.
import * as g from '../../src/graph/build.js';
import type { Op } from '../../src/graph/ops.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { erfOf, geluOf, map, nd, zip } from './nd.js';
import type { OpCase } from './op-case.js';

/** Pairs of shapes that NumPy broadcasts, from equal to added and stretched axes on both sides. */
const BROADCASTS: [number[], number[]][] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 3],
    [2, 1],
  ],
  [
    [1, 3],
    [2, 1],
  ],
  [[2, 3], []],
  [[], [2, 3]],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [
    [1, 1],
    [2, 3],
  ],
  [
    [4, 1, 2, 1],
    [3, 1, 5],
  ],
];

function binary(
  build: (a: Tensor, b: Tensor) => Tensor,
  reference: (x: number, y: number) => number,
  range?: [number, number],
): OpCase[] {
  return BROADCASTS.map(([a, b]) => ({
    name: `[${a.join()}] and [${b.join()}]`,
    inputs: [{ shape: a }, { shape: b, ...(range && { range }) }],
    build: ([x, y]) => [build(x!, y!)],
    reference: ([x, y]) => [zip(x!, y!, reference)],
  }));
}

function unary(build: (x: Tensor) => Tensor, reference: (x: number) => number, range?: [number, number]): OpCase[] {
  return [[], [3], [2, 3, 4]].map((shape) => ({
    name: `[${shape.join()}]`,
    inputs: [{ shape, ...(range && { range }) }],
    build: ([x]) => [build(x!)],
    reference: ([x]) => [map(x!, reference)],
  }));
}

const ones = (shape: number[]): ReturnType<typeof nd> => nd(shape, () => 1);

export const elementwiseCases = {
  Input: unary(
    (x) => g.add(x, x),
    (x) => 2 * x,
  ),
  Constant: unary(
    (x) => g.add(x, g.constant('float32', [], Float32Array.of(0.5))),
    (x) => x + 0.5,
  ),
  Fill: [
    {
      name: 'of the shape of an input',
      inputs: [{ shape: [2, 3] }],
      build: ([x]) => [g.mul(x!, g.fill(1.5, ['d0', 'd1']))],
      reference: ([x]) => [map(x!, (value) => 1.5 * value)],
    },
  ],
  Range: [
    {
      name: 'of a dimension of an input',
      inputs: [{ shape: [4] }],
      build: ([x]) => [g.mul(x!, g.cast(g.range('d0'), 'float32'))],
      reference: ([x]) => [nd([4], ([i]) => i! * x!.data[i!]!)],
    },
  ],
  EyeLike: [
    [3, 3],
    [2, 4],
  ].map((shape) => ({
    name: `[${shape.join()}]`,
    inputs: [{ shape }],
    build: ([x]: Tensor[]) => [g.mul(x!, g.eyeLike(x!))],
    reference: ([x]: Parameters<OpCase['reference']>[0]) => [
      nd(shape, ([i, j]) => (i === j ? x!.data[i! * shape[1]! + j!]! : 0)),
    ],
  })),
  PaddingScores: [
    {
      name: 'of two lengths',
      inputs: [{ shape: [2], dtype: 'int32', values: [1, 3] }],
      build: ([lengths]) => [g.paddingScores(lengths!, 3)],
      reference: () => [nd([2, 1, 1, 3], ([text, , , place]) => (text === 0 && place! > 0 ? -1e9 : 0))],
    },
  ],
  Add: binary(g.add, (x, y) => x + y),
  Sub: binary(g.sub, (x, y) => x - y),
  Mul: binary(g.mul, (x, y) => x * y),
  Div: binary(g.div, (x, y) => x / y, [0.5, 2]),
  Neg: unary(g.neg, (x) => -x),
  Exp: unary(g.exp, Math.exp),
  Log: unary(g.log, Math.log, [0.3, 3]),
  Sqrt: unary(g.sqrt, Math.sqrt, [0.3, 3]),
  Erf: unary(g.erf, erfOf),
  Tanh: unary(g.tanh, Math.tanh),
  HardSigmoid: [
    {
      name: 'held at both ends',
      inputs: [{ shape: [2, 3, 4] }],
      build: ([x]) => [g.hardSigmoid(x!, { alpha: 0.5, beta: 0.5 })],
      reference: ([x]) => [map(x!, (value) => Math.min(1, Math.max(0, 0.5 * value + 0.5)))],
      differentiable: [],
    },
  ],
  Gelu: unary(g.gelu, geluOf),
  Cast: [
    {
      name: 'from uint8 to float32',
      inputs: [{ shape: [3], dtype: 'uint8', values: [0, 1, 200] }, { shape: [3] }],
      build: ([mask, x]) => [g.mul(g.cast(mask!, 'float32'), x!)],
      reference: ([mask, x]) => [zip(mask!, x!, (a, b) => a * b)],
    },
  ],
  Dropout: [
    {
      name: 'keeps, drops and scales',
      inputs: [{ shape: [2, 3] }, { shape: [2, 3], dtype: 'uint8', values: [1, 0, 1, 1, 0, 0] }],
      build: ([x, mask]) => [g.dropout(x!, mask!, 1.25)],
      reference: ([x, mask]) => [zip(x!, mask!, (value, keep) => 1.25 * value * keep)],
    },
    {
      name: 'with a mask of ones only scales',
      inputs: [{ shape: [2, 3] }, { shape: [2, 3], dtype: 'uint8', values: [1, 1, 1, 1, 1, 1] }],
      build: ([x, mask]) => [g.dropout(x!, mask!, 2)],
      reference: ([x]) => [zip(x!, ones([2, 3]), (value) => 2 * value)],
    },
  ],
} satisfies { [K in Op]?: OpCase[] };
