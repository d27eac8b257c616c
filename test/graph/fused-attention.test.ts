// ONNX Runtime's attention operator against the operators apart: gradient caching embeds with the one and goes back through the others.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { attention, input, paddingScores } from '../../src/graph/build.js';
import { emitOnnx } from '../../src/graph/emission/emit-onnx.js';
import { fuseAttention } from '../../src/graph/passes/fuse-attention.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { randomStream } from '../../src/random.js';

const SHAPES = [
  [1, 1, 1, 8],
  [3, 12, 17, 32],
  [2, 4, 130, 32],
  [1, 12, 256, 32],
  [5, 2, 64, 16],
  [1, 3, 511, 64],
  [1, 1, 300, 32],
] as const;

test.each([1, 2])('has the bits of the operators apart, at %i threads, whatever the lengths', async (threads) => {
  const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, 'float32', ['n', 'h', 's', 'd'])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const lengths = input('lengths', 'int32', ['n']);
  const y = attention(q, k, v, { scale: 0.3, bias: paddingScores(lengths, 's') });
  const sessions = [[y], fuseAttention([y])].map(([result]) =>
    InferenceSession.create(emitOnnx({ y: result! }).bytes, { intraOpNumThreads: threads }),
  );
  const [apart, fused] = await Promise.all(sessions);
  for (const [key, shape] of SHAPES.entries()) {
    const random = randomStream(5, key);
    const size = shape.reduce<number>((product, dim) => product * dim, 1);
    const draw = (): OrtTensor =>
      new OrtTensor(
        'float32',
        Float32Array.from({ length: size }, () => 4 * random.fraction() - 2),
        shape,
      );
    const own = Int32Array.from({ length: shape[0] }, (_, text) => Math.max(1, shape[2] - 3 * text));
    const feeds = { q: draw(), k: draw(), v: draw(), lengths: new OrtTensor('int32', own, [shape[0]]) };
    const [expected, actual] = [await apart!.run(feeds), await fused!.run(feeds)];
    const bytes = ({ data }: OrtTensor): Buffer => Buffer.from((data as Float32Array).buffer);
    expect(bytes(actual.y!).equals(bytes(expected.y!)), shape.join(' × ')).toBe(true);
  }
});
