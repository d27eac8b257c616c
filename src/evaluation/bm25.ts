// BM25 (Robertson and Zaragoza 2009) with the non-negative idf of Lucene: what plain word matching reaches on the same questions.
// A tuned encoder that cannot beat it is not worth its running costs, so the report shows both side by side.
// k1 1.2, b 0.75; no stemming and no stop list, so that it says the same in every language whose words are divided by spaces.
import type { Metrics } from '../spec/evaluation-stages.js';
import type { Ranking } from './metrics/ranking.js';
import { meanMetrics, RANKING_DEPTH } from './metrics/standard-metrics.js';

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
  signal,
}: Bm25Input): Promise<Metrics> {
  const { postings, lengths } = indexOf(documents);
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, documents.length);
  const scores = new Float64Array(documents.length);
  const rankings: Ranking[] = [];
  for (const [query, text] of queries.entries()) {
    const truth = new Set(Array.from(relevant[query] ?? []));
    if (truth.size === 0) continue;
    if (query % 64 === 0) {
      signal?.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const touched: number[] = [];
    for (const word of words(text)) {
      const posting = postings.get(word);
      if (!posting) continue;
      const containing = posting.length / 2;
      const idf = Math.log(1 + (documents.length - containing + 0.5) / (containing + 0.5));
      for (let i = 0; i < posting.length; i += 2) {
        const document = posting[i]!;
        const frequency = posting[i + 1]!;
        const norm = k1 * (1 - b + (b * lengths[document]!) / meanLength);
        if (scores[document] === 0) touched.push(document);
        scores[document]! += (idf * frequency * (k1 + 1)) / (frequency + norm);
      }
    }
    touched.sort((x, y) => scores[y]! - scores[x]! || x - y);
    const top = touched.slice(0, Math.max(RANKING_DEPTH, topK));
    rankings.push({ hits: top.map((document) => (truth.has(document) ? 1 : 0)), relevant: truth.size });
    for (const document of touched) scores[document] = 0;
  }
  return meanMetrics(rankings, topK);
}

/** By word: [document, frequency] pairs, flat, in the order of the documents. */
function indexOf(documents: readonly string[]): { postings: Map<string, number[]>; lengths: number[] } {
  const postings = new Map<string, number[]>();
  const lengths = documents.map((text, document) => {
    const list = words(text);
    for (const word of list) {
      const posting = postings.get(word);
      if (!posting) postings.set(word, [document, 1]);
      else if (posting[posting.length - 2] === document) posting[posting.length - 1]!++;
      else posting.push(document, 1);
    }
    return list.length;
  });
  return { postings, lengths };
}
