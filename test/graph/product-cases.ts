// Cases of reductions, products, normalization and attention.
import * as g from '../../src/graph/build.js';
import type { Op } from '../../src/graph/ops.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { geluOf, map, nd, product, softmaxOf, sum, turn, zip, type Nd } from './nd.js';
import type { OpCase } from './op-case.js';

const plus = (a: Nd, b: Nd): Nd => zip(a, b, (x, y) => x + y);
const times = (a: Nd, factor: number): Nd => map(a, (x) => x * factor);
const flags = [false, true];

const REDUCTIONS = [[[0]], [[1]], [[-1]], [[0, 2]], [[0, 1, 2]]].flatMap(([axes]) =>
  flags.map((keepdims) => ({ axes: axes!, keepdims })),
);

function reductions(build: typeof g.reduceSum, scale: (size: number) => number): OpCase[] {
  const shape = [2, 3, 4];
  return REDUCTIONS.map(({ axes, keepdims }) => ({
    name: `axes ${axes.join()}${keepdims ? ', kept' : ''}`,
    inputs: [{ shape }],
    // The mean's gradient needs the lengths.
    build: ([x]: Tensor[]) => [build(g.reshape(x!, shape), { axes, keepdims })],
    reference: ([x]: Nd[]) => [
      times(sum(x!, axes, keepdims), scale(axes.reduce((size, axis) => size * shape.at(axis)!, 1))),
    ],
  }));
}

const attentionInputs = [0, 1, 2].map(() => ({ shape: [2, 3, 4, 5] }));
const mask = {
  shape: [2, 3, 4, 4],
  dtype: 'uint8' as const,
  values: Array.from({ length: 96 }, (_, i) => Number(i % 5 !== 2)),
};
// The last place of the second text is padding.
const bias = { shape: [2, 1, 1, 4], values: [0, 0, 0, 0, 0, 0, 0, -1e9] };

function attentionReference([q, k, v]: Nd[], scale: number, extra?: Nd, kept?: Nd, keptScale = 1): Nd {
  const scores = times(product(q!, turn(k!)), scale);
  const probabilities = softmaxOf(extra ? plus(scores, extra) : scores);
  return product(
    kept
      ? times(
          zip(probabilities, kept, (a, b) => a * b),
          keptScale,
        )
      : probabilities,
    v!,
  );
}

export const productCases = {
  ReduceSum: reductions(g.reduceSum, () => 1),
  ReduceMean: reductions(g.reduceMean, (size) => 1 / size),
  Softmax: [[4], [2, 3], [2, 3, 4]].map((shape) => ({
    name: `[${shape.join()}]`,
    inputs: [{ shape }],
    build: ([x]: Tensor[]) => [g.softmax(x!)],
    reference: ([x]: Nd[]) => [softmaxOf(x!)],
  })),
  LogSoftmax: [[4], [2, 3], [2, 3, 4]].map((shape) => ({
    name: `[${shape.join()}]`,
    inputs: [{ shape }],
    build: ([x]: Tensor[]) => [g.logSoftmax(x!)],
    reference: ([x]: Nd[]) => [map(softmaxOf(x!), Math.log)],
  })),
  MatMul: flags.flatMap((transA) =>
    flags.flatMap((transB) =>
      [
        [[], []],
        [[2], [2]],
        [
          [2, 1],
          [1, 3],
        ],
        [
          [1, 2],
          [3, 2],
        ],
      ].map(([leadA, leadB]) => ({
        name: `${transA ? 'aᵀ' : 'a'}·${transB ? 'bᵀ' : 'b'} with [${leadA!.join()}] and [${leadB!.join()}] before`,
        inputs: [
          { shape: [...leadA!, ...(transA ? [4, 3] : [3, 4])] },
          { shape: [...leadB!, ...(transB ? [5, 4] : [4, 5])] },
        ],
        build: ([a, b]: Tensor[]) => [g.matMul(a!, b!, { transA, transB, alpha: 0.75 })],
        reference: ([a, b]: Nd[]) => [times(product(transA ? turn(a!) : a!, transB ? turn(b!) : b!), 0.75)],
      })),
    ),
  ),
  Gemm: flags.flatMap((transA) =>
    flags.flatMap((transB) =>
      [undefined, [5], [3, 1], [1, 5], [3, 5], []].map((c) => ({
        name: `${transA ? 'aᵀ' : 'a'}·${transB ? 'bᵀ' : 'b'}${c === undefined ? '' : ` + c [${c.join()}]`}`,
        inputs: [
          { shape: transA ? [4, 3] : [3, 4] },
          { shape: transB ? [5, 4] : [4, 5] },
          ...(c === undefined ? [] : [{ shape: c }]),
        ],
        build: ([a, b, extra]: Tensor[]) => [
          g.gemm(a!, b!, { transA, transB, alpha: 0.5, beta: 1.5, ...(extra && { c: extra }) }),
        ],
        reference: ([a, b, extra]: Nd[]) => {
          const ab = times(product(transA ? turn(a!) : a!, transB ? turn(b!) : b!), 0.5);
          return [extra ? plus(ab, times(extra, 1.5)) : ab];
        },
      })),
    ),
  ),
  Linear: (['in,out', 'out,in'] as const).flatMap((layout) => [
    {
      name: `W [${layout}]`,
      inputs: [{ shape: [6, 3] }, { shape: layout === 'in,out' ? [3, 4] : [4, 3] }, { shape: [4] }],
      build: ([x, w, b]: Tensor[]) => [g.linear(x!, w!, b!, { layout })],
      reference: ([x, w, b]: Nd[]) => [plus(product(x!, layout === 'in,out' ? w! : turn(w!)), b!)],
    },
    {
      name: `W [${layout}] of a GELU, which its gradient works out again`,
      inputs: [{ shape: [6, 3] }, { shape: layout === 'in,out' ? [3, 4] : [4, 3] }, { shape: [4] }],
      build: ([x, w, b]: Tensor[]) => [g.linear(g.gelu(x!), w!, b!, { layout })],
      reference: ([x, w, b]: Nd[]) => [plus(product(map(x!, geluOf), layout === 'in,out' ? w! : turn(w!)), b!)],
    },
  ]),
  LayerNormalization: [0, 100].map((mean) => ({
    name: `rows with a mean near ${mean}`,
    inputs: [{ shape: [5, 8], range: [mean - 2, mean + 2] as [number, number] }, { shape: [8] }, { shape: [8] }],
    build: ([x, w, b]: Tensor[]) => {
      return [g.layerNormalization(x!, w!, b!, 1e-5)];
    },
    reference: ([x, w, b]: Nd[]) => {
      const centred = zip(x!, times(sum(x!, [-1], true), 1 / 8), (value, m) => value - m);
      const variance = times(
        sum(
          map(centred, (c) => c * c),
          [-1],
          true,
        ),
        1 / 8,
      );
      const normal = zip(centred, variance, (c, v) => c / Math.sqrt(v + 1e-5));
      return [
        plus(
          zip(normal, w!, (a, weight) => a * weight),
          b!,
        ),
      ];
    },
  })),
  Attention: [
    {
      name: 'plain',
      inputs: attentionInputs,
      build: ([q, k, v]) => [g.attention(q!, k!, v!, { scale: 0.4 })],
      reference: (inputs) => [attentionReference(inputs, 0.4)],
    },
    {
      name: 'with padding',
      inputs: [...attentionInputs, bias],
      build: ([q, k, v, b]) => [g.attention(q!, k!, v!, { scale: 0.4, bias: b! })],
      reference: (inputs) => [attentionReference(inputs, 0.4, inputs[3])],
      differentiable: [0, 1, 2],
    },
    {
      name: 'with dropout',
      inputs: [...attentionInputs, mask],
      build: ([q, k, v, m]) => [g.attention(q!, k!, v!, { scale: 0.4, dropout: { mask: m!, scale: 1.25 } })],
      reference: (inputs) => [attentionReference(inputs, 0.4, undefined, inputs[3], 1.25)],
    },
    {
      name: 'with padding and dropout',
      inputs: [...attentionInputs, bias, mask],
      build: ([q, k, v, b, m]) => [
        g.attention(q!, k!, v!, { scale: 0.4, bias: b!, dropout: { mask: m!, scale: 1.25 } }),
      ],
      reference: (inputs) => [attentionReference(inputs, 0.4, inputs[3], inputs[4], 1.25)],
      differentiable: [0, 1, 2],
    },
  ],
  FusedAttention: [
    {
      name: 'over lengths',
      inputs: [...attentionInputs, { shape: [2], dtype: 'int32' as const, values: [4, 3] }],
      build: ([q, k, v, lengths]) => [g.fusedAttention(q!, k!, v!, lengths!, 0.4)],
      reference: (inputs) => [
        attentionReference(
          inputs,
          0.4,
          nd(bias.shape, ([text, , , place]) => bias.values[4 * text! + place!]!),
        ),
      ],
      differentiable: [],
    },
  ],
} satisfies { [K in Op]?: OpCase[] };
