// The machine's own limit of a training step: the operations of its matrix products, and the rate that ONNX Runtime reaches on their shapes.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { gemm, input } from '../src/graph/build.js';
import { emitOnnx } from '../src/graph/emission/emit-onnx.js';
import { now, threads } from './clock.js';
import type { EncoderConfig } from '../src/models/architecture.js';

/** Floating-point operations of a step without any padding: a forward pass and twice as many backward; rows of embeddings cost none. */
export function stepOperations(
  { hiddenSize: H, intermediateSize: F, numHiddenLayers }: EncoderConfig,
  lengths: readonly number[],
): number {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const squares = lengths.reduce((sum, length) => sum + length * length, 0);
  return 3 * numHiddenLayers * (2 * tokens * (4 * H * H + 2 * H * F) + 4 * H * squares);
}

/** Operations a second of the step's dense products, weighted by their share; the best of some runs of each. */
export async function measurePeak(
  { hiddenSize: H, intermediateSize: F }: EncoderConfig,
  tokens: number,
  { runs = 8 } = {},
): Promise<number> {
  const shapes = [
    [tokens, H, 3 * H],
    [tokens, H, H],
    [tokens, H, F],
    [tokens, F, H],
  ] as const;
  let [operations, seconds] = [0, 0];
  for (const [m, k, n] of shapes) {
    const y = gemm(input('a', 'float32', [m, k]), input('b', 'float32', [k, n]));
    const session = await InferenceSession.create(emitOnnx({ y }).bytes, threads ? { intraOpNumThreads: threads } : {});
    const feeds = { a: matrix(m, k), b: matrix(k, n) };
    let best = Infinity;
    for (let run = 0; run < runs; run++) {
      const start = now();
      await session.run(feeds);
      best = Math.min(best, (now() - start) / 1000);
    }
    operations += 2 * m * k * n;
    seconds += best;
    await session.release();
  }
  return operations / seconds;
}

function matrix(rows: number, columns: number): Tensor {
  const data = Float32Array.from({ length: rows * columns }, (_, at) => ((at * 7919) % 13) / 13);
  return new Tensor('float32', data, [rows, columns]);
}
