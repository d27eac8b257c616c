// BM25 (Robertson and Zaragoza 2009) with the non-negative idf of Lucene: what plain word matching reaches on the same questions.
// A tuned encoder that cannot beat it is not worth its running costs, so the report shows both side by side.
// k1 1.2, b 0.75; no stemming and no stop list, so that it says the same in every language whose words are divided by spaces.
import type { Metrics } from '../spec/evaluation-stages.js';
import { BestDocuments } from './best-documents.js';
import type { Ranking } from './metrics/ranking.js';
import { meanMetrics, RANKING_DEPTH } from './metrics/standard-metrics.js';

/** Between two reports: some tens of milliseconds each, with 100,000 documents. */
const QUESTIONS_A_REPORT = 64;
const DOCUMENTS_A_REPORT = 256;

/** What {@link bm25Metrics} takes. */
export interface Bm25Input {
  queries: readonly string[];
  documents: readonly string[];
  /** By question: indices of its relevant documents. Questions without one are left out. */
  relevant: readonly ArrayLike<number>[];
  /** Saturation of a word's frequency, default 1.2. */
  k1?: number;
  /** Weight of a document's length, default 0.75. */
  b?: number;
  /** Cutoff of the hit rate, default 5. */
  topK?: number;
  /** Called now and then with the questions finished so far; 0 while documents are read. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Words: runs of letters, digits, marks and underscores, in lower case. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}\p{M}_]+/gu) ?? [];
}

/**
 * The standard metrics of BM25 on a retrieval set. Score of a document: `Σ idf(w) · tf · (k1 + 1) / (tf + k1 · (1 − b + b ·
 * length / mean length))` over the question's words, repeated words counted each time; `idf(w) = ln(1 + (N − n + 0.5) / (n + 0.5))`.
 * Only documents that share a word with the question are retrieved; ties by document index.
 *
 * @throws FinalError `InvalidData` when no question has a relevant document
 */
export async function bm25Metrics({
  queries,
  documents,
  relevant,
  k1 = 1.2,
  b = 0.75,
  topK = 5,
  onProgress,
  signal,
}: Bm25Input): Promise<Metrics> {
  // Reports, and lets a message to stop arrive.
  const pause = async (done: number): Promise<void> => {
    signal?.throwIfAborted();
    onProgress?.(done, queries.length);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const asked = new Map<string, Posting>();
  for (const text of queries) for (const word of words(text)) asked.set(word, { documents: [], frequencies: [] });
  const lengths = await addDocuments(asked, documents, () => pause(0));
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, documents.length);
  const weights = new Map<string, WeightedPosting>();
  for (const [word, { documents: containing, frequencies }] of asked) {
    asked.delete(word);
    const idf = Math.log(1 + (documents.length - containing.length + 0.5) / (containing.length + 0.5));
    weights.set(word, {
      documents: Int32Array.from(containing),
      weights: Float64Array.from(frequencies, (frequency, i) => {
        const norm = k1 * (1 - b + (b * lengths[containing[i]!]!) / meanLength);
        return (idf * frequency * (k1 + 1)) / (frequency + norm);
      }),
    });
  }
  const scores = new Float64Array(documents.length);
  const depth = Math.min(Math.max(RANKING_DEPTH, topK), documents.length);
  const rankings: Ranking[] = [];
  for (const [query, text] of queries.entries()) {
    if (query % QUESTIONS_A_REPORT === 0) await pause(query);
    const truth = new Set(Array.from(relevant[query] ?? []));
    if (truth.size === 0) continue;
    for (const word of words(text)) addWeights(scores, weights.get(word)!);
    const best = new BestDocuments(depth);
    best.offer(scores, 0);
    // Every word adds more than 0: a document without one is not retrieved.
    const top = best.sorted().filter(({ score }) => score > 0);
    const hits = Uint8Array.from(top, ({ document }) => (truth.has(document) ? 1 : 0));
    rankings.push({ hits, relevant: truth.size });
    scores.fill(0);
  }
  return meanMetrics(rankings, topK);
}

/** Documents that hold a word, in rising order, and how often each does. */
interface Posting {
  documents: number[];
  frequencies: number[];
}

/** The same with what the word adds to each document's score. */
interface WeightedPosting {
  documents: Int32Array;
  weights: Float64Array;
}

function addWeights(scores: Float64Array, { documents, weights }: WeightedPosting): void {
  for (let i = 0; i < documents.length; i++) scores[documents[i]!]! += weights[i]!;
}

/** Counts the words that are asked for in every document; returns the documents' lengths in words. */
async function addDocuments(
  asked: ReadonlyMap<string, Posting>,
  documents: readonly string[],
  pause: () => Promise<void>,
): Promise<Int32Array> {
  const lengths = new Int32Array(documents.length);
  for (const [document, text] of documents.entries()) {
    if (document % DOCUMENTS_A_REPORT === 0) await pause();
    const list = words(text);
    lengths[document] = list.length;
    for (const word of list) {
      const posting = asked.get(word);
      if (!posting) continue;
      const last = posting.documents.length - 1;
      if (posting.documents[last] === document) posting.frequencies[last]!++;
      else {
        posting.documents.push(document);
        posting.frequencies.push(1);
      }
    }
  }
  return lengths;
}
