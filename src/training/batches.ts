// Which pairs make which batch: a function of (seed, epoch) and the pairs alone. A pair comes once an epoch at most.
// `noDuplicates` follows NoDuplicatesBatchSampler of sentence-transformers: walk the shuffled pairs, take each one whose question and
// answer are not in the batch yet, leave the others for later batches. So batches near the end may be smaller, and they are kept, as
// there. One thing differs: a batch of a single pair has loss 0 and no gradient, so it makes no step, and its pair is left out of the
// epoch. Where many pairs share a text these are many: the plan warns of them (plan.ts).
import { permutation, randomStream } from '../random.js';
import type { TrainingSpec } from '../spec/spec.js';
import type { TokensPart } from '../text/tokenize.js';
import { textAt } from '../text/tokenized-texts.js';
import { batchesWithoutDuplicates } from './no-duplicates.js';
import type { TrainingBatch } from './training-engine.js';

/** Pairs to train on, by index into the questions and documents. */
export interface TrainingPairs {
  queries: Int32Array;
  documents: Int32Array;
  /** By pair: equal numbers stand for equal texts, over questions and answers alike. */
  queryIdentities: Int32Array;
  documentIdentities: Int32Array;
}

/** Options of {@link planBatches}. */
export interface BatchOptions {
  pairs: TrainingPairs;
  batchSize: number;
  sampler?: TrainingSpec['batchSampler'];
  seed: number;
  /** From 1. */
  epoch: number;
}

/** The batches of an epoch in their order: indices of pairs, 2 to `batchSize` each. */
export function planBatches({ pairs, batchSize, sampler = 'noDuplicates', seed, epoch }: BatchOptions): Int32Array[] {
  const order = permutation(pairs.queries.length, randomStream(seed, epoch));
  const batches =
    sampler === 'shuffle' ? consecutive(order, batchSize) : batchesWithoutDuplicates(order, pairs, batchSize);
  return batches.filter((batch) => batch.length > 1);
}

/** The pairs of a part, in the order of its questions and their documents. */
export function pairsOf(part: {
  relevant: readonly Int32Array[];
  queryIdentities: Int32Array;
  documentIdentities: Int32Array;
}): TrainingPairs {
  const count = part.relevant.reduce((sum, documents) => sum + documents.length, 0);
  const queries = new Int32Array(count);
  const documents = new Int32Array(count);
  let pair = 0;
  part.relevant.forEach((ofQuery, query) => {
    for (const document of ofQuery) {
      queries[pair] = query;
      documents[pair++] = document;
    }
  });
  return {
    queries,
    documents,
    queryIdentities: queries.map((query) => part.queryIdentities[query]!),
    documentIdentities: documents.map((document) => part.documentIdentities[document]!),
  };
}

/** Token ids of a batch of pairs, to be taken in micro-batches of the tokens that `microBatchSize` of the largest pairs have. */
export function batchOf(
  chosen: Int32Array,
  pairs: TrainingPairs,
  { queries, documents }: Pick<TokensPart, 'queries' | 'documents'>,
  { microBatchSize, tokens: { largestPair } }: { microBatchSize: number; tokens: { largestPair: number } },
): Omit<TrainingBatch, 'step'> {
  return {
    queries: Array.from(chosen, (pair) => textAt(queries, pairs.queries[pair]!)),
    documents: Array.from(chosen, (pair) => textAt(documents, pairs.documents[pair]!)),
    microBatchTokens: microBatchSize * largestPair,
  };
}

function consecutive(order: Int32Array, batchSize: number): Int32Array[] {
  const batches: Int32Array[] = [];
  for (let i = 0; i < order.length; i += batchSize) batches.push(order.slice(i, i + batchSize));
  return batches;
}
