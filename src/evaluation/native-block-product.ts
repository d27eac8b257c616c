// The block product of exact search on ONNX Runtime: the same library, and so the same speed, as the engine's own products. It sums in
// float32, like every tool that scores with a matrix library. MLAS orders the sum otherwise for one row, and where a thread gets 64 columns
// or fewer, so small blocks are padded with zeros: then a score depends neither on its block nor on the threads (tested), up to 15 of them.
import { input, matMul } from '../graph/build.js';
import { emitOnnx, type OnnxGraph } from '../graph/emission/emit-onnx.js';
import { EngineSession } from '../training/engine-session.js';
import type { BlockProduct } from './block-product.js';

const LEAST_ROWS = 2;
const LEAST_COLUMNS = 1024;

/** The product; its session is made at the first block and lives as long as the process. `threads`: default one a core. */
export function nativeBlockProduct({ threads }: { threads?: number | undefined } = {}): BlockProduct {
  let session: Promise<EngineSession> | undefined;
  return async ({ queries, documents, dimension, scores }) => {
    session ??= EngineSession.create(productGraph(), { threads });
    const [rows, columns] = [queries.length / dimension, documents.length / dimension];
    const [fedRows, fedColumns] = [Math.max(rows, LEAST_ROWS), Math.max(columns, LEAST_COLUMNS)];
    const feeds = new Map([
      ['queries', { data: padded(queries, fedRows * dimension), dims: [fedRows, dimension] }],
      ['documents', { data: padded(documents, fedColumns * dimension), dims: [fedColumns, dimension] }],
    ]);
    const found = (await (await session).run(feeds)).get('scores')!;
    if (columns === fedColumns) scores.set(found.subarray(0, rows * columns));
    else {
      for (let row = 0; row < rows; row++) {
        scores.set(found.subarray(row * fedColumns, row * fedColumns + columns), row * columns);
      }
    }
  };
}

function productGraph(): OnnxGraph {
  const queries = input('queries', 'float32', ['rows', 'dimension']);
  const documents = input('documents', 'float32', ['columns', 'dimension']);
  return emitOnnx({ scores: matMul(queries, documents, { transB: true }) });
}

function padded(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const result = new Float32Array(length);
  result.set(values);
  return result;
}
