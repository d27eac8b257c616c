// BM25 on the test questions, for the report: on all of them where that takes minutes, else on a sample, and not at all on documents
// that would not fit into memory beside the model.
import type { RetrievalSet } from '../dataset/retrieval-set.js';
import { bm25Metrics } from '../evaluation/bm25.js';
import { permutation, randomStream } from '../random.js';
import { count } from './format.js';
import type { ReportData } from './report-data.js';

/** Questions × documents: 100,000 × 100,000 take some three minutes, with questions of ten words. */
const MOST_COMPARISONS = 1e10;
/** Characters of all documents; a posting takes 16 bytes, and there is about one in seven characters. */
const MOST_CHARACTERS = 400_000_000;
const SAMPLE_SEED = 42;

/** Options of {@link wordMatching}. */
export interface WordMatchingOptions {
  topK: number;
  /** Default 10^10 questions × documents, and 400 million characters of documents. */
  limits?: { comparisons: number; characters: number };
  /** Called now and then with what is going on. */
  onProgress?: ((note: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * BM25's metrics on a test set: over a seeded sample of its judged questions when all of them are too many (`bm25Questions` says of
 * how many), null when the documents are too large.
 *
 * @throws FinalError `InvalidData` when no question has a relevant document.
 */
export async function wordMatching(
  set: RetrievalSet,
  {
    topK,
    limits = { comparisons: MOST_COMPARISONS, characters: MOST_CHARACTERS },
    onProgress,
    signal,
  }: WordMatchingOptions,
): Promise<Pick<ReportData, 'bm25' | 'bm25Questions'>> {
  const documents = Object.values(set.corpus);
  const characters = documents.reduce((sum, text) => sum + text.length, 0);
  if (characters > limits.characters) return { bm25: null };
  const judged = judgedQuestions(set);
  const most = Math.max(1, Math.floor(limits.comparisons / documents.length));
  const chosen = judged.length > most ? sample(judged, most) : judged;
  const bm25 = await bm25Metrics({
    queries: chosen.map(({ text }) => text),
    documents,
    relevant: chosen.map(({ relevant }) => relevant),
    topK,
    onProgress: (done, total) => onProgress?.(`word matching, ${count(done)} of ${count(total)} questions`),
    ...(signal && { signal }),
  });
  return { bm25, ...(chosen.length < judged.length && { bm25Questions: chosen.length }) };
}

interface JudgedQuestion {
  text: string;
  /** Indices of its documents. */
  relevant: number[];
}

function judgedQuestions({ queries, corpus, relevant_docs }: RetrievalSet): JudgedQuestion[] {
  const indexOf = new Map(Object.keys(corpus).map((id, index) => [id, index]));
  return Object.entries(queries)
    .map(([id, text]) => ({
      text,
      relevant: (relevant_docs[id] ?? []).flatMap((document) => indexOf.get(document) ?? []),
    }))
    .filter(({ relevant }) => relevant.length > 0);
}

/** So many entries, drawn without a preference, in their order. */
function sample<T>(entries: readonly T[], most: number): T[] {
  const places = permutation(entries.length, randomStream(SAMPLE_SEED)).subarray(0, most).sort();
  return Array.from(places, (place) => entries[place]!);
}
