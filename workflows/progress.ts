// What a run knows about itself while it goes on: answered by queries, shown on the run's page (details.ts).
import type { EpochSummary, Metrics, PublishResult, Stage } from '../src/spec/stages.js';

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
  /** Share of the work that is done, 0 to 1; an epoch of training counts ten times as much as another stage. */
  fraction: number;
  /** Seconds that training was estimated to take. */
  estimatedSeconds?: number;
  warnings: string[];
  result?: PublishResult;
}

/** The figures so far; the answer to the query `getMetrics`. */
export interface RunMetrics {
  /** Of the base model on the test part. */
  before?: Metrics;
  epochs: { epoch: number; meanLoss: number; metrics?: Metrics; validation?: Metrics }[];
  /** Of the published epoch on the test part. */
  after?: Metrics;
  publishedEpoch?: number;
}

/** State of a run, changed by the workflow as it goes. */
export interface RunState {
  progress: RunProgress;
  before?: Metrics;
  epochs: EpochSummary[];
  after?: Metrics;
  publishedEpoch?: number;
  /** By epoch: the event of the history to reset to, to train again from that epoch on. */
  resetEvents: Map<number, number>;
  /** Lines about what is trained on what, for the page. */
  about: string[];
}

const EPOCH_WEIGHT = 10;
const STAGES_BEFORE_TRAINING = 8;

/** A run that has not begun. */
export function newRunState(name: string, epochs: number): RunState {
  return {
    progress: { name, stage: 'pin', paused: false, epoch: 0, epochs, fraction: 0, warnings: [] },
    epochs: [],
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

/** Collects warnings, each once. */
export function addWarnings({ progress }: RunState, warnings: readonly string[] = []): void {
  progress.warnings = [...new Set([...progress.warnings, ...warnings])];
}

/** The figures so far. */
export function runMetrics({ before, epochs, after, publishedEpoch }: RunState): RunMetrics {
  return {
    ...(before && { before }),
    epochs: epochs.map(({ epoch, meanLoss, test, validation }) => ({
      epoch,
      meanLoss,
      ...(test && { metrics: test.metrics }),
      ...(validation && { validation: validation.metrics }),
    })),
    ...(after && { after }),
    ...(publishedEpoch !== undefined && { publishedEpoch }),
  };
}
