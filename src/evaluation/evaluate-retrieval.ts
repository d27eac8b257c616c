// Evaluates embeddings as a retriever: exact search, the standard metrics, a line a question, and how scores are spread.
// Follows sentence-transformers' InformationRetrievalEvaluator with cosine similarity; it differs in breaking ties by the
// document's index rather than by its id, so that the order of a file's documents decides and not their names.
import type { Metrics } from '../spec/evaluation-stages.js';
import type { BlockProduct } from './block-product.js';
import type { QueryDetail } from './details.js';
import { meanMetrics, RANKING_DEPTH } from './metrics/standard-metrics.js';
import { ndcg } from './metrics/ndcg.js';
import type { Ranking } from './metrics/ranking.js';
import { ScoreCounter, type ScoreDistribution } from './score-distribution.js';
import { normalizeRows, search, type SearchResult } from './search.js';

/** Share of the questions that a document may have and still join them to one answer, where they have others to choose from. */
const WIDEST_ANSWER = 0.1;

/** What {@link evaluateRetrieval} takes. */
export interface RetrievalInput {
  /** [questions, dimension]; scaled to length 1 in place. */
  queries: Float32Array;
  /** [documents, dimension]; scaled to length 1 in place. */
  documents: Float32Array;
  dimension: number;
  /** By question: indices of its relevant documents. Questions without one are left out. */
  relevant: readonly ArrayLike<number>[];
  /** Cutoff of the hit rate, default 5. */
  topK?: number;
  /** Documents to keep a question in its details, default 5. */
  keep?: number;
  /** Default: the plain product in TypeScript. */
  multiply?: BlockProduct;
}

/**
 * Scores embeddings on a retrieval set.
 *
 * @throws FinalError `InvalidData` when no question has a relevant document or an embedding is not finite
 */
export async function evaluateRetrieval(
  { queries, documents, dimension, relevant, topK = 5, keep = 5, multiply }: RetrievalInput,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<{ metrics: Metrics; details: QueryDetail[]; scores: ScoreDistribution }> {
  const judged = relevant.flatMap((documentsOf, query) => (documentsOf.length > 0 ? [query] : []));
  const truth = judged.map((query) => Int32Array.from(new Set(Array.from(relevant[query]!))).sort());
  const counter = new ScoreCounter();
  const bestTrue = new Float32Array(judged.length).fill(-Infinity);
  const bestFalse = new Float32Array(judged.length).fill(-Infinity);
  const right = Int32Array.from(truth, ([first = 0]) => first);
  normalizeRows(queries, dimension);
  normalizeRows(documents, dimension);
  const found = await search({
    queries: judged.length === relevant.length ? queries : rowsOf(queries, dimension, judged),
    documents,
    dimension,
    depth: Math.max(RANKING_DEPTH, topK),
    ...(multiply && { multiply }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    onScores(query, firstDocument, scores) {
      const isTrue = truth[query]!;
      let next = 0;
      while (next < isTrue.length && isTrue[next]! < firstDocument) next++;
      for (let column = 0; column < scores.length; column++) {
        const score = scores[column]!;
        if (isTrue[next] === firstDocument + column) {
          counter.add('true', score);
          if (score > bestTrue[query]!) {
            bestTrue[query] = score;
            right[query] = firstDocument + column;
          }
          next++;
        } else {
          counter.add('false', score);
          if (score > bestFalse[query]!) bestFalse[query] = score;
        }
      }
    },
  });
  for (const score of bestFalse) if (score > -Infinity) counter.add('bestFalse', score);

  const answers = answersOf(truth);
  const rankings = truth.map((documentsOf, row) => rankingOf(found, row, documentsOf));
  const details = rankings.map((ranking, row): QueryDetail => {
    const first = Array.prototype.indexOf.call(ranking.hits, 1);
    return {
      query: judged[row]!,
      answer: answers[row]!,
      right: right[row]!,
      ndcg: ndcg(ranking, 10),
      rank: first < 0 ? null : first + 1,
      trueScore: bestTrue[row]!,
      falseScore: bestFalse[row]! > -Infinity ? bestFalse[row]! : null,
      top: Array.from({ length: Math.min(keep, found.depth) }, (_, rank) => ({
        document: found.documents[row * found.depth + rank]!,
        score: found.scores[row * found.depth + rank]!,
      })),
    };
  });
  return { metrics: meanMetrics(rankings, topK), details, scores: counter.distribution() };
}

function rankingOf({ depth, documents }: SearchResult, row: number, truth: Int32Array): Ranking {
  const isTrue = new Set(truth);
  const hits = Uint8Array.from(documents.subarray(row * depth, (row + 1) * depth), (document) =>
    isTrue.has(document) ? 1 : 0,
  );
  return { hits, relevant: isTrue.size };
}

function rowsOf(vectors: Float32Array, dimension: number, rows: readonly number[]): Float32Array {
  const out = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => out.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension));
  return out;
}

/**
 * By question, the answer that it is drawn with (verdict.ts): of its relevant documents the most shared one, but for those that more than a
 * tenth of all questions share; where there are only such, the least shared; of equal ones the first. So the questions of an answer have a
 * document in common, equal judgements fall together, and what nearly everybody refers to does not melt all questions into one answer
 * (docs/decisions/2026-11-28-answers-of-the-bootstrap.md).
 */
export function answersOf(truth: readonly Int32Array[]): number[] {
  const questions = new Map<number, number>();
  for (const documents of truth) {
    for (const document of documents) questions.set(document, (questions.get(document) ?? 0) + 1);
  }
  const rank = (document: number): number => {
    const shared = questions.get(document) ?? 0;
    return shared <= WIDEST_ANSWER * truth.length ? shared : -shared;
  };
  return truth.map((documents) => documents.reduce((own, each) => (rank(each) > rank(own) ? each : own)));
}
