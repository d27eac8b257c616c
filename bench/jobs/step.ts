// Job: bare training steps of several set-ups in turn, on the same batches: time, share of the machine's limit, and how far the gradients
// are from those of the first set-up.
import { loadWeights, readModelFolder } from '../../src/models/model-folder.js';
import type { FreezeSpec } from '../../src/spec/spec.js';
import { textAt } from '../../src/text/tokenized-texts.js';
import { openTokenizer } from '../../src/text/tokenizer.js';
import { Engine } from '../../src/training/engine.js';
import type { TrainingBatch } from '../../src/training/training-engine.js';
import { now, threads } from '../clock.js';
import { serveJob } from '../job.js';
import { median } from '../row.js';
import { denseProducts, measurePeak, stepOperations, type Product } from '../step-limit.js';
import type { Pair } from '../texts.js';

/** One way to make a step. */
export interface StepSetup {
  name: string;
  dropout?: number;
  freeze?: FreezeSpec;
  microBatchTokens?: number;
}

/** What is measured. */
export interface StepJob {
  model: string;
  /** Cut into batches of `batchSize`. */
  pairs: Pair[];
  batchSize: number;
  /** Tokens a text; default the model's own. Texts are repeated up to it when `fill` is set. */
  maxLength?: number;
  fill?: boolean;
  rounds: number;
  setups: StepSetup[];
  /** Measure the machine's limit before each batch of each round. */
  limit?: boolean;
}

/** By set-up. */
export interface StepResult {
  setups: Record<string, StepFigures>;
  /** Operations a second in the step's own products, in thousand million; with `limit`. */
  peakGflops?: number;
  /** Those of a layer, of the last batch. */
  products: Product[];
}

/** Figures of one set-up. */
export interface StepFigures {
  medianMs: number;
  bestMs: number;
  tokens: number;
  /** With `limit`: median of the products' time at the peak over the step's time. */
  ofTheLimit?: number;
  /** Largest difference of a gradient from the first set-up's, over that gradient's largest value; of the last batch. */
  gradientError: number;
  lossError: number;
}

type Batch = Omit<TrainingBatch, 'step'>;

await serveJob<StepJob>(async (job): Promise<StepResult> => {
  const model = await readModelFolder(job.model);
  const batches = await encode(job, model.folder, job.maxLength ?? model.maxSequenceLength);
  const weights = await loadWeights(model);
  const engines: Engine[] = [];
  for (const { dropout = 0, freeze } of job.setups) {
    const training = {
      ...{ loss: 'MultipleNegativesRankingLoss' as const, scale: 20, seed: 42, freeze },
      dropout: { hidden: dropout, attention: dropout },
    };
    engines.push(await Engine.create({ model, weights, training, threads }));
  }
  const times = job.setups.map((): number[] => []);
  const shares = job.setups.map((): number[] => []);
  const peaks: number[] = [];
  let products: Product[] = [];
  const figures = job.setups.map(() => ({ tokens: 0, gradientError: 0, lossError: 0 }));
  for (let round = 0; round <= job.rounds; round++) {
    for (const batch of batches) {
      const lengths = [...batch.queries, ...batch.documents].map((text) => text.length);
      const tokens = lengths.reduce((sum, length) => sum + length, 0);
      products = denseProducts(model.config, tokens);
      const peak = job.limit && round > 0 ? await measurePeak(products) : 0;
      if (peak > 0) peaks.push(peak / 1e9);
      let first: { loss: number; gradients: Map<string, Float32Array> } | undefined;
      for (const [at, { microBatchTokens }] of job.setups.entries()) {
        const start = now();
        const result = await engines[at]!.step({ ...batch, step: 0, ...(microBatchTokens && { microBatchTokens }) });
        const seconds = (now() - start) / 1000;
        if (round === 0) {
          // The first round only warms up; its last batch is compared.
          if (batch !== batches.at(-1)) continue;
          first ??= { loss: result.loss, gradients: copy(result.gradients) };
          figures[at] = {
            tokens,
            gradientError: largestError(result.gradients, first.gradients),
            lossError: Math.abs(result.loss - first.loss),
          };
          continue;
        }
        times[at]!.push(seconds * 1000);
        shares[at]!.push(stepOperations(model.config, lengths) / peak / seconds);
      }
    }
  }
  for (const engine of engines) await engine.dispose();
  const setups = job.setups.map(({ name }, at): [string, StepFigures] => [
    name,
    {
      ...figures[at]!,
      medianMs: median(times[at]!),
      bestMs: Math.min(...times[at]!),
      ...(job.limit && { ofTheLimit: median(shares[at]!) }),
    },
  ]);
  return { setups: Object.fromEntries(setups), products, ...(job.limit && { peakGflops: median(peaks) }) };
});

async function encode({ pairs, batchSize, fill }: StepJob, folder: string, maxLength: number): Promise<Batch[]> {
  const tokenizer = await openTokenizer(folder);
  const encodeAll = (texts: string[]): Int32Array[] => {
    const long = fill ? texts.map((text) => `${text} `.repeat(Math.ceil((8 * maxLength) / text.length))) : texts;
    const { texts: encoded } = tokenizer.encode(long, maxLength);
    return texts.map((_, at) => textAt(encoded, at));
  };
  return Array.from({ length: Math.floor(pairs.length / batchSize) }, (_, at) => {
    const chosen = pairs.slice(at * batchSize, (at + 1) * batchSize);
    return {
      queries: encodeAll(chosen.map(({ query }) => query)),
      documents: encodeAll(chosen.map(({ document }) => document)),
    };
  });
}

function copy(gradients: Map<string, Float32Array>): Map<string, Float32Array> {
  return new Map([...gradients].map(([name, data]) => [name, data.slice()]));
}

function largestError(actual: Map<string, Float32Array>, expected: Map<string, Float32Array>): number {
  let worst = 0;
  for (const [name, data] of actual) {
    const truth = expected.get(name);
    if (truth === undefined) continue;
    let [size, error] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      size = Math.max(size, Math.abs(truth[i]!));
      error = Math.max(error, Math.abs(data[i]! - truth[i]!));
    }
    if (size > 0) worst = Math.max(worst, error / size);
  }
  return worst;
}
