// Sums over many tokens that all have the same gradient: as pooling gives it, and as the bias of the last LayerNorm adds it up.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { input, layerNormalization } from '../../src/graph/build.js';
import { emitOnnx } from '../../src/graph/emission/emit-onnx.js';
import { gradients } from '../../src/graph/gradients/gradients.js';
import { poolPacked } from '../../src/models/pooling.js';
import { relativeError } from '../support/allclose.js';

const [TOKENS, TEXTS, WIDTH] = [6000, 2, 4];

test('the bias of a LayerNorm under a pooling of thousands of tokens gets its gradient to the last digits', async () => {
  const [x, weight, bias] = [
    input('x', 'float32', [TOKENS, WIDTH]),
    input('w', 'float32', [WIDTH]),
    input('b', 'float32', [WIDTH]),
  ];
  const pooling = input('pooling', 'float32', [TEXTS, TOKENS]);
  const seed = input('seed', 'float32', [TEXTS, WIDTH]);
  const pooled = poolPacked(layerNormalization(x, weight, bias, 1e-12), pooling, { normalize: false });
  const [db] = gradients([{ output: pooled, seed }], [bias]);

  const half = TOKENS / TEXTS;
  const weights = Float32Array.from({ length: TEXTS * TOKENS }, (_, at) =>
    Math.floor((at % TOKENS) / half) === Math.floor(at / TOKENS) ? 1 / half : 0,
  );
  // The second text takes most of the first away, as contrasts do.
  const seeds = Float32Array.of(0.7, -0.3, 0.9, 0.1, -0.69, 0.31, -0.88, -0.11);
  const states = Float32Array.from({ length: TOKENS * WIDTH }, (_, at) => Math.sin(at));
  const ones = new Float32Array(WIDTH).fill(1);
  const values: Record<string, [Float32Array, number[]]> = {
    ...{ x: [states, [TOKENS, WIDTH]], w: [ones, [WIDTH]], b: [ones, [WIDTH]] },
    ...{ pooling: [weights, [TEXTS, TOKENS]], seed: [seeds, [TEXTS, WIDTH]] },
  };
  const graph = emitOnnx({ db: db! });
  const session = await InferenceSession.create(graph.bytes, { intraOpNumThreads: 1 });
  const feeds = graph.inputs.map(({ name }) => [name, new OrtTensor('float32', ...values[name]!)] as const);
  const actual = (await session.run(Object.fromEntries(feeds)))['db']!.data as Float32Array;
  await session.release();
  const truth = Float32Array.from({ length: WIDTH }, (_, unit) => seeds[unit]! + seeds[WIDTH + unit]!);
  // 3e-6 with AVX2; 4e-4 when all tokens are added up one by one. Other processors add up in another order.
  expect(relativeError(actual, truth)).toBeLessThan(5e-5);
});
