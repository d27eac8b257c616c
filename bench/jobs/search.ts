// Job: exact search as evaluation does it, on unit vectors from a fixed stream.
import { search, normalizeRows } from '../../src/evaluation/search.js';
import { nativeBlockProduct } from '../../src/evaluation/native-block-product.js';
import { randomStream } from '../../src/random.js';
import { now, threads } from '../clock.js';
import { serveJob } from '../job.js';

/** How much is searched. */
export interface SearchJob {
  queries: number;
  documents: number;
  dimension: number;
  depth: number;
}

/** How long it took, and what memory beside the vectors. */
export interface SearchJobResult {
  seconds: number;
  memoryOverVectorsMb: number;
}

await serveJob<SearchJob>(async ({ queries, documents, dimension, depth }): Promise<SearchJobResult> => {
  const vectors = (count: number, seed: number): Float32Array => {
    const random = randomStream(seed);
    const data = new Float32Array(count * dimension);
    for (let i = 0; i < data.length; i++) data[i] = random.fraction() - 0.5;
    return normalizeRows(data, dimension);
  };
  const [questionVectors, documentVectors] = [vectors(queries, 1), vectors(documents, 2)];
  const peak = (): number => process.resourceUsage().maxRSS / 1024;
  const before = peak();
  const start = now();
  await search({
    ...{ queries: questionVectors, documents: documentVectors, dimension, depth },
    multiply: nativeBlockProduct({ threads }),
  });
  return { seconds: (now() - start) / 1000, memoryOverVectorsMb: Math.round(peak() - before) };
});
