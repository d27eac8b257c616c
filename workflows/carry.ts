// What a run takes along when it continues as new, because its history has grown long: references and small numbers, under 16 KB. It goes
// on at the beginning of an epoch, with every message handler set anew and with what was asked of it in between.
import { allHandlersFinished, condition, continueAsNew, patched, workflowInfo } from '@temporalio/workflow';
import type { TrainingSpec } from '../src/spec/spec.js';
import type { EpochBookState } from './epoch-book.js';
import type { fineTune } from './fine-tune.js';
import type { RunOrder } from './order.js';
import type { Prepared } from './prepare.js';
import { newRunState, thinned, type EpochFigures, type RunChange, type RunState } from './progress.js';
import type { Run } from './run.js';
import type { Segment } from './segments.js';
import type { ChangedSettings, TrainingStop } from './steering.js';
import type { Training } from './train.js';

const MOST_EPOCHS_SHOWN = 30;
const MOST_LOSSES = 60;

/** The second argument of a run that was continued; people never give it. */
export interface Carried {
  /** The prepared stages; the steps of each epoch are not taken along. */
  prepared: Prepared;
  book: EpochBookState;
  segment: Segment;
  epoch: number;
  /** What training is to end with, and what of that is not yet part of a segment. */
  training: TrainingSpec;
  pending: ChangedSettings;
  /** Changes that are still to be made again after damaged results. */
  again?: RunChange[];
  /** Where the run ends again that stopped early before its results were damaged. */
  stop?: TrainingStop;
  state: Omit<RunState, 'resetEvents' | 'before'>;
  repairs: number;
}

/** Continues as new when the server suggests it. Called between two epochs; does not return then. */
export async function continueWhenLong(
  run: Run,
  training: Training,
  { input, order }: { input: unknown; order: RunOrder },
): Promise<void> {
  if (!workflowInfo().continueAsNewSuggested || !patched('continue-as-new')) return;
  await training.book.keep(run, training.prepared.pins.storeId, { all: true });
  await condition(allHandlersFinished);
  const { steering, prepared, segment, epoch, book } = training;
  const { progress, epochs, losses, about } = run.state;
  const carried: Carried = {
    prepared: { ...prepared, plan: { ...prepared.plan, stepsPerEpoch: [] } },
    book: book.state,
    ...{ segment, epoch },
    training: steering.training,
    pending: steering.pending,
    ...(training.again.length > 0 && { again: training.again }),
    ...(steering.stop && { stop: steering.stop }),
    state: {
      progress,
      about,
      epochs: fewer(epochs).map(({ resetEvent: _, ...figures }) => figures),
      losses: thinned(losses, MOST_LOSSES),
    },
    repairs: run.repairs,
  };
  // Of whichever type this run is: `fineTune`, or a trial, which takes the same.
  await continueAsNew<typeof fineTune>(input, carried, ...(Object.keys(order).length > 0 ? [order] : []));
}

/** The state of a run that goes on. */
export function carriedState({ state, book }: Carried): RunState {
  const { progress } = state;
  return {
    ...newRunState(progress.name, progress.epochs),
    ...state,
    ...(book.before && { before: book.before.metrics }),
  };
}

/** Every n-th of the epochs, and the last one. */
function fewer(epochs: readonly EpochFigures[]): EpochFigures[] {
  const every = Math.ceil(epochs.length / MOST_EPOCHS_SHOWN);
  return epochs.filter((_, index) => (epochs.length - 1 - index) % every === 0);
}
