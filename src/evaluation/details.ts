// What an evaluation keeps of each question, so that two of them can be compared question by question (verdict.ts, the report).
// Kept as the blob `details.json` of an `evaluation` artifact: indices and numbers only, texts stay in the retrieval set.
import { readArtifact } from '../artifacts/artifact.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { Metrics } from '../spec/evaluation-stages.js';
import type { ArtifactRef } from '../spec/stages.js';
import type { ScoreDistribution } from './score-distribution.js';

/** Name of the blob in an `evaluation` artifact. */
export const DETAILS_BLOB = 'details.json';

/** One judged question. Indices count in the order of the retrieval set's `queries` and `corpus`. */
export interface QueryDetail {
  query: number;
  /** The relevant document by which it hangs together with others: questions of equal answer are drawn together (verdict.ts). */
  answer: number;
  /** Its relevant document of the best score, of equal ones the first: the passage that a report shows. */
  right: number;
  /** NDCG@10. */
  ndcg: number;
  /** Rank of the first relevant document, from 1; null when none stands among those retrieved. */
  rank: number | null;
  /** Score of the best relevant document, retrieved or not. */
  trueScore: number;
  /** Score of the best document that is not relevant; null when every document is. */
  falseScore: number | null;
  /** The first documents retrieved, best first, with their scores. */
  top: { document: number; score: number }[];
}

/** Content of `details.json`. */
export interface EvaluationDetails {
  metrics: Metrics;
  queries: QueryDetail[];
  scores: ScoreDistribution;
}

/** Reads an evaluation's details. */
export async function readDetails(store: ArtifactStore, ref: ArtifactRef): Promise<EvaluationDetails> {
  const { blobs } = await readArtifact(store, ref);
  const blob = blobs[DETAILS_BLOB];
  if (!blob)
    throw new Error(`evaluation ${ref.key}: a blob ${DETAILS_BLOB} is needed, got ${Object.keys(blobs).join(', ')}`);
  const details = JSON.parse((await store.readBlob(blob)).toString('utf8')) as EvaluationDetails;
  // An evaluation that a run in flight made before details had `right`.
  for (const query of details.queries) query.right ??= query.answer;
  return details;
}
