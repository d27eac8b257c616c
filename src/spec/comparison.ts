// What several runs come to: the rows of their comparison, as the workflow collects them, as the report shows them and as the result
// tells them. Small numbers and references; 40 trials, or 12 steps, stay under 16 KB.
import type { Metrics, Verdict } from './evaluation-stages.js';
import type { ArtifactRef } from './stages.js';

/** Of the paired bootstrap between two evaluations: NDCG@10 after minus before. */
export type ShortVerdict = Pick<Verdict, 'verdict' | 'difference' | 'interval'>;

/** Two evaluations of the same questions, to be compared. */
export interface EvaluationPair {
  before: ArtifactRef;
  after: ArtifactRef;
}

/** How a trial of a sweep ended: it won, it was trained to its end, it was stopped as one of the weaker, or it failed. */
export type TrialOutcome = 'best' | 'finished' | 'stopped' | 'failed';

/** One trial of a sweep. */
export interface TrialRow {
  /** From 1, in the order of the spec. */
  trial: number;
  /** What sets it apart, for the eye. */
  label: string;
  outcome: TrialOutcome;
  /** Epochs trained. */
  epochs: number;
  /** The epoch with the best NDCG@10 on the validation part, and that figure: what trials are chosen by. */
  bestEpoch?: number;
  validation?: number;
  /** NDCG@10 on the test part, of the base model and of that epoch; it never chooses. */
  before?: number;
  after?: number;
  verdict?: ShortVerdict;
  /** Seconds of training. */
  seconds?: number;
  error?: { type: string; message: string };
}

/** A sweep, as its report shows it. */
export interface SweepComparison {
  kind: 'sweep';
  name: string;
  dataset: string;
  /** Epochs at the end of each round. */
  rounds: number[];
  rows: TrialRow[];
  /** By trial (by index of `rows`): NDCG@10 on the validation part by epoch. */
  curves: [epoch: number, validation: number][][];
  /** Where the best one was published. */
  model?: string;
  warnings: string[];
}

/** One step of a chain. */
export interface StepRow {
  /** From 1. */
  step: number;
  /** Name of the dataset. */
  name: string;
  /** Absent when the step failed. */
  model?: { path: string; sha256: string };
  report?: string;
  publishedEpoch?: number;
  seconds?: number;
  /** NDCG@10 on the step's own test part: of the original base model, of the model that the step began with, and after. */
  base?: number;
  before?: number;
  after?: number;
  /** After, against the model that the step began with, and against the original base model. */
  verdict?: ShortVerdict;
  verdictFromBase?: ShortVerdict;
  error?: { type: string; message: string };
}

/** A chain, as its report shows it. */
export interface ChainComparison {
  kind: 'chain';
  name: string;
  /** The original base model. */
  base: string;
  rows: StepRow[];
  /** NDCG@10 by model (the original base, then after each step that was made) and by test part (in the order of the steps). */
  matrix: number[][];
  warnings: string[];
}

/** `compareEvaluations`: the verdict on pairs of evaluations. */
export interface CompareEvaluationsInput {
  storeId: string;
  pairs: EvaluationPair[];
}
export interface CompareEvaluationsResult {
  verdicts: ShortVerdict[];
}

/** `publishComparison`: report and table of several runs, put in place as one folder. */
export interface PublishComparisonInput {
  storeId: string;
  /** `output.directory`. */
  directory: string;
  comparison: SweepComparison | ChainComparison;
}
export interface PublishComparisonResult {
  /** The HTML page; `comparison.json` lies beside it. */
  report: string;
}

/** What the workflow `sweep` returns. */
export interface SweepResult {
  name: string;
  /** The winner by NDCG@10 on the validation part, trained to its end and published. */
  best: {
    trial: number;
    label: string;
    model: { path: string; sha256: string };
    report: string;
    metrics: { before: Metrics; after: Metrics };
    verdict: Verdict;
  };
  trials: TrialRow[];
  /** Epochs at the end of each round. */
  rounds: number[];
  report: string;
  warnings: string[];
  /** By model: hash of all inputs but the settings that were tried. */
  inputsSha256: string[];
}

/** What the workflow `chain` returns. */
export interface ChainResult {
  name: string;
  base: string;
  /** The last model. */
  model: { path: string; sha256: string };
  steps: StepRow[];
  /** NDCG@10 by model (the original base, then after each step) and by test part (in the order of the steps). */
  matrix: number[][];
  report: string;
  warnings: string[];
  /** By step: hash of base model, data and settings. */
  inputsSha256: string[];
}

/** Where several runs stand; the answer to the query `getProgress` of `sweep` and `chain`. */
export interface SeveralProgress {
  name: string;
  stage: 'prepare' | 'train' | 'publish' | 'evaluate' | 'compare' | 'done';
  /** What goes on, in a line. */
  note: string;
  /** Epochs trained, and those that are planned in all (fewer once runs fail). */
  epochsDone: number;
  epochsPlanned: number;
  /** Seconds until the last epoch is trained, by the time that the epochs so far took. */
  etaSeconds?: number;
  paused: boolean;
  /** Workflow ids of the runs that go on now. */
  running: string[];
  warnings: string[];
  report?: string;
}
