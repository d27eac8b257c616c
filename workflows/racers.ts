// The trials of a sweep while they race: their order, what is still to be trained, and how it reads when all of them fail.
import { ApplicationFailure } from '@temporalio/workflow';
import type { TrialRow } from '../src/spec/comparison.js';
import { survivorsOf, type SweepSpec, type SweepTrial } from '../src/spec/sweep.js';
import type { TrialState } from './sweep-page.js';
import type { TrialResult } from './trial.js';

/** A trial in the race, with what its evaluations were remembered as. */
export interface Racer extends TrialState {
  trial: SweepTrial;
  result?: TrialResult;
}

/** The trials at the start. */
export function racersOf(trials: readonly SweepTrial[]): Racer[] {
  return trials.map((trial) => ({
    trial,
    row: { trial: trial.trial, label: trial.label, outcome: 'finished', epochs: 0 },
    status: 'waiting',
    curve: [],
  }));
}

/** How warnings name a trial. */
export function nameOf({ row }: Racer): { number: number; name: string } {
  return { number: row.trial, name: `Trial ${row.trial} (${row.label})` };
}

/** Best first; the earlier one when two are equal. */
export function byValidation(racers: readonly Racer[]): Racer[] {
  return [...racers].sort((a, b) => (b.row.validation ?? -1) - (a.row.validation ?? -1) || a.row.trial - b.row.trial);
}

/** Epochs that are still to be trained in these rounds, when nothing fails. */
export function epochsAhead(spec: SweepSpec, rounds: readonly number[], going: readonly Racer[]): number {
  // Which trials survive is not known: those with the most epochs are counted.
  let left = going.map(({ trial, row }) => ({ done: row.epochs, epochs: trial.spec.training.epochs }));
  let ahead = 0;
  for (const end of rounds) {
    for (const one of left) {
      const reach = Math.min(end, one.epochs);
      ahead += Math.max(0, reach - one.done);
      one.done = Math.max(one.done, reach);
    }
    left = left.sort((a, b) => b.epochs - a.epochs).slice(0, survivorsOf(spec, left.length));
  }
  return ahead;
}

/** The failure of a sweep of which every trial failed; its type is the first one's. */
export function allFailed(racers: readonly Racer[]): ApplicationFailure {
  const failed = racers.map(({ row }) => row).filter((row): row is TrialRow & { error: object } => !!row.error);
  const [first] = failed;
  const lines = failed
    .slice(0, 5)
    .map(({ trial, label, error }) => `trial ${trial} (${label}): ${error.type}: ${error.message}`);
  return ApplicationFailure.nonRetryable(
    `sweep: every trial of a round failed.\n${lines.join('\n')}`,
    first?.error.type ?? 'InvalidSpec',
  );
}
