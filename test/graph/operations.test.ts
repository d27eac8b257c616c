// Every operation of the graph: its value against a plain float64 reference, for both emission targets, and its gradient against
// central differences of that reference. The table of cases does not compile when an operation has none.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { input, mul, reduceSum, add } from '../../src/graph/build.js';
import { emitOnnx, type OnnxGraph } from '../../src/graph/emission/emit-onnx.js';
import { notDifferentiable } from '../../src/graph/gradients/gradient-rule.js';
import { gradientRules } from '../../src/graph/gradients/gradient-rules.js';
import { gradients } from '../../src/graph/gradients/gradients.js';
import type { Op } from '../../src/graph/ops.js';
import { topologicalOrder, type DType, type Tensor } from '../../src/graph/tensor.js';
import { randomStream } from '../../src/random.js';
import { expectAllclose } from '../support/allclose.js';
import { elementwiseCases } from './elementwise-cases.js';
import { movementCases } from './movement-cases.js';
import { sizeOf, type Nd } from './nd.js';
import type { OpCase } from './op-case.js';
import { productCases } from './product-cases.js';

const cases = { ...elementwiseCases, ...movementCases, ...productCases } satisfies Record<Op, OpCase[]>;
const SEEDS = [1, 2];
const TARGETS = [
  { opset: 24, standardOnly: false },
  { opset: 17, standardOnly: true },
] as const;
const ARRAYS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const;

/** Inputs of a case. A lone input has named dimensions `d0`, `d1` …, those of several are numbers, which fit any operation. */
function declare({ inputs }: OpCase): Tensor[] {
  const isAlone = inputs.length === 1;
  return inputs.map(({ shape, dtype = 'float32' }, place) =>
    input(
      `x${place}`,
      dtype,
      shape.map((dim, axis) => (isAlone && dim !== 1 ? `d${axis}` : dim)),
    ),
  );
}

function draw({ inputs }: OpCase, seed: number): Nd[] {
  const random = randomStream(seed, 1);
  return inputs.map(({ shape, range: [low, high] = [-2, 2], values }) => ({
    shape,
    data: Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
      Math.fround(values?.[i] ?? low + (high - low) * random.fraction()),
    ),
  }));
}

async function run(
  graph: OnnxGraph,
  values: Record<string, { nd: Nd; dtype: DType }>,
): Promise<Map<string, Float32Array>> {
  const session = await InferenceSession.create(graph.bytes, { intraOpNumThreads: 1 });
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name }) => {
      const { nd, dtype } = values[name]!;
      const data = ARRAYS[dtype as keyof typeof ARRAYS].from(nd.data);
      return [name, new OrtTensor(dtype as 'float32', data as Float32Array, [...nd.shape])];
    }),
  );
  const results = await session.run(feeds);
  await session.release();
  return new Map([...graph.outputs].map(([name, { tensor }]) => [name, results[tensor]!.data as Float32Array]));
}

const feedsOf = ({ inputs }: OpCase, values: Nd[]): Record<string, { nd: Nd; dtype: DType }> =>
  Object.fromEntries(values.map((nd, place) => [`x${place}`, { nd, dtype: inputs[place]!.dtype ?? 'float32' }]));

describe.each(Object.entries(cases))('%s', (op, opCases: OpCase[]) => {
  test.each(opCases)('$name: the case has the operation in it', (opCase) => {
    const nodes = topologicalOrder(opCase.build(declare(opCase)));
    expect(nodes.map((node) => node.op)).toContain(op);
  });

  test.each(opCases)('$name: gives the value of the reference, with either set of operators', async (opCase) => {
    for (const seed of SEEDS) {
      const values = draw(opCase, seed);
      const expected = opCase.reference(values);
      for (const target of TARGETS) {
        const inputs = declare(opCase);
        const outputs = Object.fromEntries(opCase.build(inputs).map((tensor, place) => [`y${place}`, tensor]));
        const actual = await run(emitOnnx(outputs, target), feedsOf(opCase, values));
        expected.forEach((value, place) => {
          const label = `${op}, ${opCase.name}, seed ${seed}, opset ${target.opset}, output ${place}`;
          expectAllclose(actual.get(`y${place}`)!, value.data, { rtol: 2e-5, atol: 2e-5, label });
        });
      }
    }
  });

  test.each(opCases.filter((opCase) => differentiable(opCase).length > 0))(
    '$name: gives the gradient of central differences',
    async (opCase) => {
      for (const seed of SEEDS) await checkGradient(op, opCase, seed);
    },
  );
});

test('every operation is either differentiated by a case or said to be not differentiable', () => {
  for (const [op, opCases] of Object.entries(cases) as [Op, OpCase[]][]) {
    const tested = opCases.some((opCase) => differentiable(opCase).length > 0);
    expect(tested || gradientRules[op] === notDifferentiable, op).toBe(true);
  }
});

function differentiable({ inputs, differentiable: given }: OpCase): number[] {
  return given ?? inputs.flatMap(({ dtype = 'float32' }, place) => (dtype === 'float32' ? [place] : []));
}

/** Gradient of Σ y·w with random weights w. */
async function checkGradient(op: string, opCase: OpCase, seed: number): Promise<void> {
  const values = draw(opCase, seed);
  const random = randomStream(seed, 2);
  const weights = opCase
    .reference(values)
    .map(({ shape, data }) => ({ shape, data: Float64Array.from(data, () => Math.fround(2 * random.fraction() - 1)) }));
  const inputs = declare(opCase);
  const terms = opCase.build(inputs).map((y, place) =>
    reduceSum(mul(y, input(`w${place}`, 'float32', y.shape)), {
      axes: y.shape.map((_, axis) => axis),
      keepdims: false,
    }),
  );
  const loss = terms.reduce((a, b) => add(a, b));
  const places = differentiable(opCase);
  const found = gradients(
    [{ output: loss }],
    places.map((place) => inputs[place]!),
  );
  const graph = emitOnnx(Object.fromEntries(found.map((tensor, at) => [`g${places[at]}`, tensor])), { inputs });
  const weightFeeds = Object.fromEntries(weights.map((nd, place) => [`w${place}`, { nd, dtype: 'float32' as const }]));
  const actual = await run(graph, { ...feedsOf(opCase, values), ...weightFeeds });

  const lossOf = (): number =>
    opCase
      .reference(values)
      .reduce(
        (total, { data }, output) => total + data.reduce((sum, y, i) => sum + y * weights[output]!.data[i]!, 0),
        0,
      );
  for (const place of places) {
    const { data } = values[place]!;
    const step = 1e-4;
    const expected = data.map((value, i) => {
      data[i] = value + step;
      const above = lossOf();
      data[i] = value - step;
      const below = lossOf();
      data[i] = value;
      return (above - below) / (2 * step);
    });
    const label = `gradient of ${op}, ${opCase.name}, seed ${seed}, input ${place}`;
    expectAllclose(actual.get(`g${place}`)!, expected, { rtol: 1e-4, atol: 1e-4, label });
  }
}
