// What a workflow fixes for a run that it starts itself (sweep, chain): inputs that are pinned already, and, of a trial, where to stop.
import type { PinInput } from '../src/spec/preparation-stages.js';

/** The third argument of a run that another workflow started; people never give it. */
export interface RunOrder {
  /** Pinned before, so that all runs meet the same data. */
  pins?: PinInput['pins'];
  /** Of a trial: train to the end of this epoch, by the schedule of all epochs, and publish nothing. */
  untilEpoch?: number;
  /** Name on the run's page; default: the output's. */
  name?: string;
}
