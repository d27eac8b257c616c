// Cases of operations that move values.
import * as g from '../../src/graph/build.js';
import type { Op } from '../../src/graph/ops.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { at, nd, permute, type Nd } from './nd.js';
import type { OpCase } from './op-case.js';

const reshaped = (x: Nd, shape: number[]): Nd => ({ shape, data: x.data });
const rowsOf = (x: Nd, rows: readonly number[], shape: number[]): Nd => {
  const width = x.shape.at(-1)!;
  return reshaped(
    { shape, data: Float64Array.from(rows.flatMap((row) => [...x.data.subarray(row * width, (row + 1) * width)])) },
    shape,
  );
};
/** Rows 0 … n − 1 in a fixed other order. */
const shuffled = (n: number): number[] => Array.from({ length: n }, (_, i) => (i * 5 + 3) % n);
const inverseOf = (order: readonly number[]): number[] => order.map((_, i) => order.indexOf(i));

// Seven rows go to groups of 2 × 2 and 3 × 1.
const order = shuffled(7);
const first = { shape: [2, 2], dtype: 'int32' as const, values: order.slice(0, 4) };
const second = { shape: [3, 1], dtype: 'int32' as const, values: order.slice(4) };
const inverse = { shape: [7, 1], dtype: 'int32' as const, values: inverseOf(order) };

export const movementCases = {
  Reshape: [
    { to: [6], dims: [6] },
    { to: [3, 2], dims: ['new', 2] },
    { to: [1, 2, 3], dims: [1, 'd0', 'd1'] },
  ].map(({ to, dims }) => ({
    name: `[2,3] to [${dims.join()}]`,
    inputs: [{ shape: [2, 3] }],
    build: ([x]: Tensor[]) => [g.reshape(x!, dims)],
    reference: ([x]: Nd[]) => [reshaped(x!, to)],
  })),
  Transpose: [
    [1, 0],
    [2, 0, 1],
    [0, 2, 1, 3],
  ].flatMap((perm) =>
    [false, true].map((materialize) => ({
      name: `[${perm.join()}]${materialize ? ', materialized' : ''}`,
      inputs: [{ shape: [2, 3, 4, 5].slice(0, perm.length) }],
      build: ([x]: Tensor[]) => [g.transpose(x!, perm, { materialize: materialize && perm.length === 2 })],
      reference: ([x]: Nd[]) => [permute(x!, perm)],
    })),
  ),
  Concat: [0, 1, -1].map((axis) => ({
    name: `along axis ${axis}`,
    inputs: axis === 0 ? [{ shape: [2, 3] }, { shape: [1, 3] }] : [{ shape: [2, 3] }, { shape: [2, 4] }],
    build: (inputs: Tensor[]) => [g.concat(inputs, axis)],
    reference: ([a, b]: Nd[]) => [
      axis === 0
        ? nd([3, 3], ([i, j]) => (i! < 2 ? at(a!, [i!, j!]) : at(b!, [i! - 2, j!])))
        : nd([2, 7], ([i, j]) => (j! < 3 ? at(a!, [i!, j!]) : at(b!, [i!, j! - 3]))),
    ],
  })),
  Split: [
    {
      name: 'in halves of a named dimension',
      inputs: [{ shape: [4, 3] }],
      build: ([x]) => g.split(x!, 0, 2, 'half'),
      reference: ([x]) => [0, 2].map((from) => nd([2, 3], ([i, j]) => at(x!, [i! + from, j!]))),
    },
    {
      name: 'in thirds of which the middle one is read',
      inputs: [{ shape: [2, 6] }],
      build: ([x]) => [g.split(x!, 1, 3, 2)[1]!],
      reference: ([x]) => [nd([2, 2], ([i, j]) => at(x!, [i!, j! + 2]))],
    },
  ],
  Slice: [
    [0, 0, 2],
    [0, 1, 3],
    [1, 2, 4],
    [-1, 1, 2],
  ].map(([axis, start, end]) => ({
    name: `axis ${axis} from ${start} to ${end}`,
    inputs: [{ shape: [3, 4] }],
    build: ([x]: Tensor[]) => [g.slice(g.reshape(x!, [3, 4]), axis!, start!, end!)],
    reference: ([x]: Nd[]) => [
      axis === 0
        ? nd([end! - start!, 4], ([i, j]) => at(x!, [i! + start!, j!]))
        : nd([3, end! - start!], ([i, j]) => at(x!, [i!, j! + start!])),
    ],
  })),
  Expand: [
    { from: [1], to: [3] },
    { from: [2, 1], to: [2, 3] },
    { from: [3], to: [2, 3] },
    { from: [], to: [2, 2] },
  ].map(({ from, to }) => ({
    name: `[${from.join()}] to [${to.join()}]`,
    inputs: [{ shape: from }],
    build: ([x]: Tensor[]) => [g.expand(g.reshape(x!, from), to)],
    reference: ([x]: Nd[]) => [nd(to, (index) => at(x!, index))],
  })),
  Gather: [
    {
      name: 'rows, one of them twice',
      inputs: [{ shape: [4, 3] }, { shape: [2, 2], dtype: 'int32', values: [3, 0, 0, 2] }],
      build: ([table, index]) => [g.gather(table!, index!)],
      reference: ([table, index]) => [rowsOf(table!, [...index!.data], [2, 2, 3])],
      differentiable: [],
    },
  ],
  PackedToGroups: [
    {
      name: 'two groups',
      inputs: [{ shape: [7, 3] }, first, second, inverse],
      build: ([rows, a, b, back]) => g.packedToGroups(rows!, [a!, b!], back!),
      reference: ([rows, a, b]) => [rowsOf(rows!, [...a!.data], [2, 2, 3]), rowsOf(rows!, [...b!.data], [3, 1, 3])],
    },
    {
      name: 'two groups of which one is read',
      inputs: [{ shape: [7, 3] }, first, second, inverse],
      build: ([rows, a, b, back]) => [g.packedToGroups(rows!, [a!, b!], back!)[1]!],
      reference: ([rows, , b]) => [rowsOf(rows!, [...b!.data], [3, 1, 3])],
    },
  ],
  GroupsToPacked: [
    {
      name: 'two groups',
      inputs: [{ shape: [2, 2, 3] }, { shape: [3, 1, 3] }, first, second, inverse],
      build: ([x, y, a, b, back]) => [g.groupsToPacked([x!, y!], back!, [a!, b!])],
      reference: ([x, y, , , back]) => [
        rowsOf({ shape: [7, 3], data: Float64Array.of(...x!.data, ...y!.data) }, [...back!.data], [7, 1, 3]),
      ],
    },
    {
      name: 'one group of two columns a token',
      inputs: [
        { shape: [6, 2] },
        { shape: [6], dtype: 'int32', values: shuffled(6) },
        { shape: [3, 2], dtype: 'int32', values: inverseOf(shuffled(6)) },
      ],
      build: ([x, index, back]) => [g.groupsToPacked([x!], back!, [index!])],
      reference: ([x, , back]) => [rowsOf(x!, [...back!.data], [3, 2, 2])],
    },
  ],
} satisfies { [K in Op]?: OpCase[] };
