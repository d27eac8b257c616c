// What a run knows about itself while it goes on: answered by queries, shown on the run's page (details.ts). Lists are kept short, so that
// the whole state may cross a continue-as-new (carry.ts).
import { shorten } from '../src/spec/shorten.js';
import type { EpochSummary, Metrics } from '../src/spec/evaluation-stages.js';
import type { PublishResult } from '../src/spec/publishing-stages.js';
import type { Stage } from '../src/spec/stages.js';
import type { LossPoint, TrainingReport } from '../src/spec/training-stages.js';

/** Where a run stands; the answer to the query `getProgress`. */
export interface RunProgress {
  /** Name of the model to be published. */
  name: string;
  stage: Stage | 'done';
  /** True between the signals `pause` and `resume`. */
  paused: boolean;
  /** Epoch in training, from 1; 0 before. */
  epoch: number;
  epochs: number;
  /** Pairs and steps of the whole training, once planned. */
  pairs?: number;
  totalSteps?: number;
  /** Steps done, as of the last report or checkpoint. */
  step: number;
  loss?: number;
  /** Of the last reported step. */
  learningRate?: number;
  pairsPerSecond?: number;
  /** Seconds of training left, as of the last report. */
  etaSeconds?: number;
  /** Share of the work that is done, 0 to 1; an epoch of training counts ten times as much as another stage. */
  fraction: number;
  /** Seconds that training was estimated to take. */
  estimatedSeconds?: number;
  /** Set once `stopEarly` was accepted: after the present step, or at the end of the epoch. */
  stopping?: 'step' | 'epoch';
  /** What was changed while it ran, in order. */
  changes: RunChange[];
  warnings: string[];
  /** Where the report will be at the end, on the Worker's machine; known once inputs are pinned. */
  report?: string;
  result?: PublishResult;
}

/** A change that opened a new segment of the training. */
export interface RunChange {
  /** Steps done before it, and the epoch that it lies in. */
  step: number;
  epoch: number;
  /** The checkpoint's lineage; absent when it came before the first step. */
  lineage?: string;
  learningRate?: number;
  epochs?: number;
  microBatchSize?: number;
}

/** The figures so far; the answer to the query `getMetrics`. */
export interface RunMetrics {
  /** Of the base model on the test part. */
  before?: Metrics;
  epochs: EpochFigures[];
  /** Of the published epoch on the test part. */
  after?: Metrics;
  publishedEpoch?: number;
}

/** Headline figures of an epoch. */
export interface EpochFigures {
  epoch: number;
  /** Steps done at its end. */
  step: number;
  meanLoss: number;
  /** On the test part: NDCG@10, hit rate and MRR@10. */
  metrics?: Metrics;
  /** NDCG@10 on the validation part. */
  validation?: Metrics;
  /** Event of the history to reset to, to train again from the beginning of this epoch on; of the present run of the chain only. */
  resetEvent?: number;
}

/** Epochs that a result tells of at most, the last ones: as many as fit into it. */
export const MOST_EPOCHS_TOLD = 60;

/** NDCG@10 as results and pages of several runs tell it: six decimals, 0 where it was not measured. */
export function ndcgOf(metrics: Metrics | undefined): number {
  return Number((metrics?.['ndcg@10'] ?? 0).toFixed(6));
}

/** State of a run, changed by the workflow as it goes. */
export interface RunState {
  progress: RunProgress;
  before?: Metrics;
  epochs: EpochFigures[];
  /** The loss curve, thinned. */
  losses: LossPoint[];
  after?: Metrics;
  publishedEpoch?: number;
  /** By epoch: the event of the history to reset to. */
  resetEvents: Map<number, number>;
  /** Lines about what is trained on what, for the page. */
  about: string[];
}

const EPOCH_WEIGHT = 10;
const STAGES_BEFORE_TRAINING = 8;
const MOST_LOSSES = 240;
const MOST_WARNINGS = 20;
const WARNING_LENGTH = 300;
const SHOWN_METRICS = /^(ndcg@10|mrr@10|hit_rate@\d+)$/;

/** A run that has not begun. */
export function newRunState(name: string, epochs: number): RunState {
  return {
    progress: {
      name,
      stage: 'pin',
      paused: false,
      epoch: 0,
      epochs,
      step: 0,
      fraction: 0,
      changes: [],
      warnings: [],
    },
    epochs: [],
    losses: [],
    resetEvents: new Map(),
    about: [],
  };
}

/** Notes that one more stage, or one more epoch of training, is done. */
export function advance({ progress }: RunState, weight: 'stage' | 'epoch' = 'stage'): void {
  // Stages before training, each epoch with its evaluation, publishing.
  const total = STAGES_BEFORE_TRAINING + progress.epochs * (EPOCH_WEIGHT + 1) + 1;
  progress.fraction = Math.min(1, progress.fraction + (weight === 'epoch' ? EPOCH_WEIGHT : 1) / total);
}

/** After a change of the number of epochs: the share of the work that is done, anew. */
export function recount(state: RunState, epochsDone: number): void {
  state.progress.fraction = 0;
  for (let stage = 0; stage < STAGES_BEFORE_TRAINING + epochsDone; stage++) advance(state);
  for (let epoch = 0; epoch < epochsDone; epoch++) advance(state, 'epoch');
}

/** Collects warnings, each once; the first twenty, cut to 300 characters. */
export function addWarnings({ progress }: RunState, warnings: readonly string[] = []): void {
  const cut = warnings.map((text) => shorten(text, WARNING_LENGTH));
  progress.warnings = [...new Set([...progress.warnings, ...cut])].slice(0, MOST_WARNINGS);
}

/** Takes in what the training activity reports; one that comes late, from an attempt that was left behind, is passed over. */
export function noteReport(state: RunState, report: TrainingReport): void {
  const { progress } = state;
  if (progress.stage !== 'train' || report.epoch !== progress.epoch) return;
  const { step, loss, learningRate, pairsPerSecond, etaSeconds } = report;
  Object.assign(progress, { step, loss, learningRate, pairsPerSecond, etaSeconds });
  const last = state.losses.at(-1)?.[0] ?? 0;
  addLosses(
    state,
    report.losses.filter(([at]) => at > last),
  );
}

/** Puts an epoch's own figures in the place of what was reported of it. */
export function replaceLosses(state: RunState, afterStep: number, losses: readonly LossPoint[] = []): void {
  if (losses.length === 0) return;
  state.losses = state.losses.filter(([at]) => at <= afterStep);
  addLosses(state, losses);
}

function addLosses(state: RunState, losses: readonly LossPoint[]): void {
  state.losses = [...state.losses, ...losses];
  if (state.losses.length > MOST_LOSSES) state.losses = thinned(state.losses, MOST_LOSSES / 2);
}

/** Joins neighbours until there are at most so many points. */
export function thinned(points: readonly LossPoint[], most: number): LossPoint[] {
  const width = Math.ceil(points.length / most);
  const kept: LossPoint[] = [];
  for (let from = 0; from < points.length; from += width) {
    const joined = points.slice(from, from + width);
    const mean = joined.reduce((sum, [, loss]) => sum + loss, 0) / joined.length;
    kept.push([joined[joined.length - 1]![0], Number(mean.toPrecision(4))]);
  }
  return kept;
}

/** The few metrics of an epoch that are shown by epoch. */
export function shownMetrics(metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => SHOWN_METRICS.test(name)));
}

/** Headline figures of an epoch's results. */
export function figuresOfEpoch({ epoch, checkpoint, meanLoss, test, validation }: EpochSummary): EpochFigures {
  const choice = validation?.metrics['ndcg@10'];
  return {
    epoch,
    step: checkpoint.step,
    meanLoss: Number(meanLoss.toPrecision(6)),
    ...(test && { metrics: shownMetrics(test.metrics) }),
    ...(choice !== undefined && { validation: { 'ndcg@10': choice } }),
  };
}

/** The figures so far. */
export function runMetrics({ before, epochs, after, publishedEpoch }: RunState): RunMetrics {
  return {
    ...(before && { before }),
    epochs,
    ...(after && { after }),
    ...(publishedEpoch !== undefined && { publishedEpoch }),
  };
}
