// The machine's own limit of a training step: the operations of its matrix products, and the rate that ONNX Runtime reaches on their shapes.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { gemm, input, slice } from '../src/graph/build.js';
import { emitOnnx } from '../src/graph/emission/emit-onnx.js';
import { now, threads } from './clock.js';
import type { EncoderConfig } from '../src/models/architecture.js';

/** A matrix product `[m, k]·[k, n]`, and how often a layer of the step makes it. */
export type Product = readonly [m: number, k: number, n: number, times: number];

/** Floating-point operations of a step without any padding: a forward pass and twice as many backward; rows of embeddings cost none. */
export function stepOperations(
  { hiddenSize: H, intermediateSize: F, numHiddenLayers }: EncoderConfig,
  lengths: readonly number[],
): number {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const squares = lengths.reduce((sum, length) => sum + length * length, 0);
  return 3 * numHiddenLayers * (2 * tokens * (4 * H * H + 2 * H * F) + 4 * H * squares);
}

/** The dense products of one layer in a step: forward, of the inputs' gradients, of the weights' gradients. Attention's are left out. */
export function denseProducts(
  { hiddenSize: H, intermediateSize: F }: Pick<EncoderConfig, 'hiddenSize' | 'intermediateSize'>,
  tokens: number,
): Product[] {
  // An input's gradient goes through a weight the other way round, so the forward product of one weight is the shape of another's.
  return [
    [tokens, H, 3 * H, 1],
    [tokens, 3 * H, H, 1],
    [tokens, H, H, 2],
    [tokens, H, F, 2],
    [tokens, F, H, 2],
    [H, tokens, 3 * H, 1],
    [H, tokens, H, 1],
    [H, tokens, F, 2],
  ];
}

/**
 * Operations a second of ONNX Runtime on these products, each weighted by its operations. A product counts with its best run of
 * `2 · runs`: with the second operand as it is and stored transposed. Only one value of the result leaves the graph, because the binding
 * copies outputs into fresh memory, also those that have a place, which is no part of a product. Sessions follow one another: the threads
 * of a second one would wait actively beside the first's.
 */
export async function measurePeak(products: readonly Product[], { runs = 6 } = {}): Promise<number> {
  let [operations, seconds] = [0, 0];
  for (const product of products) {
    const [m, k, n, times] = product;
    const best = Math.min(await bestSeconds(product, false, runs), await bestSeconds(product, true, runs));
    operations += times * 2 * m * k * n;
    seconds += times * best;
  }
  return operations / seconds;
}

async function bestSeconds([m, k, n]: Product, transB: boolean, runs: number): Promise<number> {
  const sides = transB ? ([n, k] as const) : ([k, n] as const);
  const product = gemm(input('a', 'float32', [m, k]), input('b', 'float32', sides), { transB });
  const y = slice(slice(product, 0, 0, 1), 1, 0, 1);
  const session = await InferenceSession.create(emitOnnx({ y }).bytes, { intraOpNumThreads: threads });
  const feeds = { a: matrix(m, k), b: matrix(...sides) };
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const start = now();
    await session.run(feeds);
    best = Math.min(best, (now() - start) / 1000);
  }
  await session.release();
  return best;
}

function matrix(rows: number, columns: number): Tensor {
  const data = Float32Array.from({ length: rows * columns }, (_, at) => ((at * 7919) % 13) / 13);
  return new Tensor('float32', data, [rows, columns]);
}
