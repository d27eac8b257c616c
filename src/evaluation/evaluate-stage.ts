// The evaluate stage: embeds one part's questions and documents with the base model or a checkpoint, scores them, and remembers
// the result as an `evaluation` artifact (facts: metrics; blob `details.json`). The embedder is given, so that this file knows
// neither engines nor checkpoints.
import { performance } from 'node:perf_hooks';
import { remember } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { EvaluateInput, EvaluateResult } from '../spec/evaluation-stages.js';
import type { WeightsRef } from '../spec/stages.js';
import type { TokenizedTexts } from '../text/tokenized-texts.js';
import { textCount } from '../text/tokenized-texts.js';
import { readTokens } from '../text/tokenize.js';
import type { BlockProduct } from './block-product.js';
import { DETAILS_BLOB, type EvaluationDetails } from './details.js';
import { evaluateRetrieval } from './evaluate-retrieval.js';

/** Raised when the same inputs would give other figures. */
const EVALUATION_VERSION = 3;

/** Turns token ids into vectors with one set of weights. */
export interface Embedder {
  dimension: number;
  /** [texts, dimension], pooled as the model's folder says, no dropout. */
  embed(
    texts: TokenizedTexts,
    options?: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
  ): Promise<Float32Array>;
}

/** Surroundings of {@link evaluateModel}. */
export interface EvaluateContext extends StageContext {
  /** Called only when the result is not yet remembered. */
  embedder(weights: WeightsRef): Promise<Embedder>;
  /** A faster product for the search; default: the plain one. */
  multiply?: BlockProduct;
}

/** What an `evaluation` artifact states beside its details. */
export type EvaluationFacts = Omit<EvaluateResult, 'artifact'>;

/**
 * Evaluates weights on a part of the data; the same inputs are evaluated once.
 *
 * @throws FinalError `InvalidData` when no question of the part has a relevant document
 */
export async function evaluateModel(input: EvaluateInput, context: EvaluateContext): Promise<EvaluateResult> {
  const { model, retrieval, tokens, weights, part, topK } = input;
  const { store, signal } = context;
  const { kind, key, facts } = await remember<EvaluationFacts>({
    store,
    kind: 'evaluation',
    version: EVALUATION_VERSION,
    inputs: { model, retrieval, tokens, weights, part, topK },
    make: async () => {
      const start = performance.now();
      const { queries, documents, relevant } = await readTokens(store, tokens, part);
      const embedder = await context.embedder(weights);
      const total = textCount(queries) + textCount(documents);
      const embed = (texts: TokenizedTexts, before: number): Promise<Float32Array> =>
        embedder.embed(texts, {
          signal,
          onProgress: (done) => context.progress({ stage: 'evaluate', done: before + done, total, unit: 'texts' }),
        });
      const queryVectors = await embed(queries, 0);
      const documentVectors = await embed(documents, textCount(queries));
      const { metrics, details, scores } = await evaluateRetrieval(
        {
          queries: queryVectors,
          documents: documentVectors,
          dimension: embedder.dimension,
          relevant,
          topK,
          ...(context.multiply && { multiply: context.multiply }),
        },
        {
          signal,
          onProgress: (done, all) =>
            context.progress({ stage: 'evaluate', done: Math.floor(done), total: all, unit: 'questions' }),
        },
      );
      const content: EvaluationDetails = { metrics, queries: details, scores };
      const blob = await store.putBytes(Buffer.from(JSON.stringify(content)));
      return {
        blobs: { [DETAILS_BLOB]: blob },
        facts: {
          metrics,
          queries: details.length,
          documents: textCount(documents),
          seconds: (performance.now() - start) / 1000,
        },
      };
    },
  });
  return { artifact: { kind, key }, ...facts };
}
