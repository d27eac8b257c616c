// What a loss is: from the embeddings of a batch to one number, as nodes of a graph. Its gradient comes from the graph's rules.
import type { Tensor } from '../graph/tensor.js';

/** Embeddings of a batch: row i of `documents` is the true one of row i of `queries`; both `[pairs, dimension]`. */
export interface PairEmbeddings {
  queries: Tensor;
  documents: Tensor;
}

/** Settings of a loss. */
export interface LossOptions {
  /** Factor on the similarities. */
  scale: number;
}

/** Builds the scalar loss of a batch. */
export type Loss = (embeddings: PairEmbeddings, options: LossOptions) => Tensor;
