// Job: the rate of ONNX Runtime's own matrix products.
import { serveJob } from '../job.js';
import { measurePeak, type Product } from '../step-limit.js';

/** What is multiplied; the peer's job of this name takes the same. */
export interface PeakJob {
  products: readonly Product[];
}

/** How fast, in thousand million operations a second. */
export interface PeakResult {
  gflops: number;
}

await serveJob<PeakJob>(async ({ products }): Promise<PeakResult> => ({ gflops: (await measurePeak(products)) / 1e9 }));
