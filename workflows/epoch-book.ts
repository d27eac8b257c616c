// The results of a run's epochs: the last few in full, the earlier ones in the store (`keepEpochs`), the one to publish so far, and sums.
// So nothing that crosses a border grows with the number of epochs.
import { patched } from '@temporalio/workflow';
import { chooseEpoch } from '../src/spec/outcome.js';
import type { TrainingSpec } from '../src/spec/spec.js';
import type { EpochSummary, EvaluateResult } from '../src/spec/evaluation-stages.js';
import type { ArtifactRef, CheckpointRef } from '../src/spec/stages.js';
import type { TrainEpochResult } from '../src/spec/training-stages.js';
import type { Run } from './run.js';

/** Epochs whose results are carried in full before they are put into the store. */
const MOST_IN_FULL = 6;

/** What a book holds, as JSON. */
export interface EpochBookState {
  before?: EvaluateResult;
  /** Epochs that were put into the store. */
  kept?: ArtifactRef;
  /** The epochs after those. */
  recent: EpochSummary[];
  /** The end of the last epoch. */
  last?: CheckpointRef;
  /** To be published if nothing better comes. */
  chosen?: EpochSummary & { test: EvaluateResult };
  sums: Pick<TrainEpochResult, 'pairs' | 'seconds' | 'peakMemoryMb' | 'bitIdentical'>;
}

/** Keeps the results of epochs. */
export class EpochBook {
  constructor(
    readonly state: EpochBookState = {
      recent: [],
      sums: { pairs: 0, seconds: 0, peakMemoryMb: 0, bitIdentical: true },
    },
  ) {}

  /** Steps done at the end of the last epoch. */
  get step(): number {
    return this.state.last?.step ?? 0;
  }

  /** Takes in an epoch that is trained and evaluated. */
  add(epoch: EpochSummary, result: TrainEpochResult, keep: TrainingSpec['keep']): void {
    const { state } = this;
    state.recent.push(epoch);
    state.last = epoch.checkpoint;
    state.chosen = chooseEpoch([...(state.chosen ? [state.chosen] : []), epoch], keep);
    const { sums } = state;
    state.sums = {
      pairs: sums.pairs + result.pairs,
      seconds: sums.seconds + result.seconds,
      peakMemoryMb: Math.max(sums.peakMemoryMb, result.peakMemoryMb),
      bitIdentical: sums.bitIdentical && result.bitIdentical,
    };
  }

  /** Puts the recent epochs into the store once there are many, or, with `all`, whatever their number. */
  async keep(run: Run, storeId: string, { all = false } = {}): Promise<void> {
    const { state } = this;
    if (state.recent.length === 0 || (!all && state.recent.length < MOST_IN_FULL)) return;
    if (!patched('epochs-in-store')) return;
    const last = state.recent.at(-1)!;
    const { artifact } = await run.keepEpochs(`keep-epochs-${last.epoch}`, {
      storeId,
      ...(state.kept && { previous: state.kept }),
      epochs: state.recent,
    });
    state.kept = artifact;
    state.recent = [];
  }
}
