// All that a report shows, as plain data: collected by collect-report-data.ts, drawn by report.ts. Texts in it come from the
// user's data and are escaped where they are drawn.
import type { ScoreDistribution } from '../evaluation/score-distribution.js';
import type { Metrics, Verdict } from '../spec/evaluation-stages.js';
import type { TrainingFigures } from '../spec/publishing-stages.js';

/** One training step. */
export interface LossPoint {
  /** From 1, over all epochs. */
  step: number;
  /** From 1. */
  epoch: number;
  loss: number;
  learningRate: number;
  /** Norm over all parameters, before clipping. */
  gradientNorm: number;
}

/** One epoch's figures. */
export interface EpochFigures {
  epoch: number;
  meanLoss: number;
  test?: Metrics;
  validation?: Metrics;
}

/** A document that was retrieved, with its text. */
export interface RetrievedText {
  text: string;
  score: number;
}

/** How one model did on one question. */
export interface QuestionOutcome {
  ndcg: number;
  /** Of the first true document; null = not among those retrieved. */
  rank: number | null;
  /** Score of the true document. */
  trueScore: number;
  /** The best document when it is not a true one: what the user would have read instead. */
  insteadOf: RetrievedText | null;
}

/** A question whose ranking changed. */
export interface QuestionChange {
  question: string;
  /** Text of the document that answers it: of several, the one that the worse of the two models scores best. */
  answer: string;
  before: QuestionOutcome;
  after: QuestionOutcome;
}

/** A labelled line of a table; `note` explains it. */
export interface Fact {
  label: string;
  value: string;
  note?: string;
}

/** How to load the model: one program a snippet. */
export interface LoadSnippet {
  program: string;
  code: string;
}

/** What {@link renderReport} draws. */
export interface ReportData {
  /** Name of the published model. */
  name: string;
  baseModel: string;
  dataset: string;
  /** When it was made, ISO 8601; left out, the same data always gives the same report. */
  madeAt?: string;
  verdict: Verdict;
  /** Cutoff of the hit rate. */
  topK: number;
  test: { questions: number; documents: number; answers: number };
  metrics: { before: Metrics; after: Metrics };
  /** BM25 on the same questions; null when the documents are too large for it. */
  bm25: Metrics | null;
  /** Of a sample of so many of them, when all are too many. */
  bm25Questions?: number;
  epochs: EpochFigures[];
  publishedEpoch: number;
  /** How the published epoch was chosen. */
  keep: 'last' | 'best';
  losses: LossPoint[];
  scores: { before: ScoreDistribution; after: ScoreDistribution };
  /** Change of NDCG@10, one entry a question, rising. */
  changes: number[];
  /** Questions won most, and lost most, largest change first. */
  won: QuestionChange[];
  lost: QuestionChange[];
  data: Fact[];
  settings: Fact[];
  machine: Fact[];
  training: TrainingFigures;
  warnings: string[];
  load: LoadSnippet[];
}
