// Exact nearest-neighbour search: every question against every document, in blocks, so that memory stays bounded whatever the
// corpus (one block of scores, 1 MB by default, and the best `depth` documents of each question). No index, no approximation.
// Order: higher score first; of equal scores the document of the lower index first, whatever the block sizes.
import { FinalError } from '../errors.js';
import { BestDocuments } from './best-documents.js';
import { plainBlockProduct, type BlockProduct } from './block-product.js';

/** What {@link search} takes. */
export interface SearchOptions {
  /** [questions, dimension], normalised: then dot products are cosines. */
  queries: Float32Array;
  /** [documents, dimension], normalised. */
  documents: Float32Array;
  dimension: number;
  /** Documents to keep a question, default 100. */
  depth?: number;
  /** Default: the plain product in TypeScript. */
  multiply?: BlockProduct;
  /** Questions and documents a block, default 256 and 1,024. */
  block?: { queries: number; documents: number };
  /** Sees every score once: those of question `query` against the documents from `firstDocument` on; a view, valid during the call. */
  onScores?: (query: number, firstDocument: number, scores: Float32Array) => void;
  /** Called after each block with the questions finished so far, fractions included. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** The best documents of each question: row `query` holds `depth` entries, best first. */
export interface SearchResult {
  /** min(asked depth, documents). */
  depth: number;
  /** [questions, depth] document indices. */
  documents: Int32Array;
  /** [questions, depth] float32 scores. */
  scores: Float32Array;
}

/**
 * Finds the best `depth` documents of each question.
 *
 * @throws the signal's reason when aborted, between two blocks
 */
export async function search({
  queries,
  documents,
  dimension,
  depth: asked = 100,
  multiply = plainBlockProduct,
  block = { queries: 256, documents: 1024 },
  onScores,
  onProgress,
  signal,
}: SearchOptions): Promise<SearchResult> {
  const queryCount = queries.length / dimension;
  const documentCount = documents.length / dimension;
  const depth = Math.min(asked, documentCount);
  const result = {
    depth,
    documents: new Int32Array(queryCount * depth),
    scores: new Float32Array(queryCount * depth),
  };
  const scores = new Float32Array(Math.min(block.queries, queryCount) * Math.min(block.documents, documentCount));
  for (let firstQuery = 0; firstQuery < queryCount; firstQuery += block.queries) {
    const rows = Math.min(block.queries, queryCount - firstQuery);
    const best = Array.from({ length: rows }, () => new BestDocuments(depth));
    for (let firstDocument = 0; firstDocument < documentCount; firstDocument += block.documents) {
      signal?.throwIfAborted();
      const columns = Math.min(block.documents, documentCount - firstDocument);
      await multiply({
        queries: queries.subarray(firstQuery * dimension, (firstQuery + rows) * dimension),
        documents: documents.subarray(firstDocument * dimension, (firstDocument + columns) * dimension),
        dimension,
        scores,
      });
      for (let row = 0; row < rows; row++) {
        const line = scores.subarray(row * columns, (row + 1) * columns);
        best[row]!.offer(line, firstDocument);
        onScores?.(firstQuery + row, firstDocument, line);
      }
      onProgress?.(firstQuery + rows * ((firstDocument + columns) / documentCount), queryCount);
      // A turn of the event loop, so that a message to stop can arrive.
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let row = 0; row < rows; row++) {
      const start = (firstQuery + row) * depth;
      best[row]!.sorted().forEach(({ document, score }, rank) => {
        result.documents[start + rank] = document;
        result.scores[start + rank] = score;
      });
    }
  }
  return result;
}

/**
 * Scales each row of [rows, dimension] to length 1, in place; a row of zeros stays as it is and scores 0 everywhere.
 *
 * @throws FinalError `InvalidData` for a row that is not finite
 */
export function normalizeRows(vectors: Float32Array, dimension: number): Float32Array {
  for (let start = 0; start < vectors.length; start += dimension) {
    let squares = 0;
    for (let i = start; i < start + dimension; i++) squares += vectors[i]! * vectors[i]!;
    if (squares === 0) continue;
    if (!Number.isFinite(squares)) {
      throw new FinalError(
        'InvalidData',
        `evaluation: finite embeddings are needed, got ${squares} as the squared length of text ${start / dimension}. The weights hold NaN or overflow float32.`,
      );
    }
    const scale = 1 / Math.sqrt(squares);
    for (let i = start; i < start + dimension; i++) vectors[i] = vectors[i]! * scale;
  }
  return vectors;
}
