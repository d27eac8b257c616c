// Where a call to train goes, counted in steps over the whole run: epochs follow one another without a gap, and a call ends at an epoch's
// end or, asked to stop sooner, inside it.
import type { TrainingPlan } from './plan.js';

/** One call's way. */
export interface Course {
  plan: TrainingPlan;
  /** The epoch to train in, from 1. */
  epoch: number;
  /** End of the asked epoch, and the step to stop at. */
  endStep: number;
  lastStep: number;
  /** The ends of all epochs, from the first. */
  epochEnds: readonly number[];
}

/** The way to the end of an epoch, or to `untilStep` inside it. */
export function courseOf(
  plan: TrainingPlan,
  { epoch, untilStep = Infinity }: { epoch: number; untilStep?: number },
): Course {
  let steps = 0;
  const epochEnds = plan.stepsPerEpoch.map((ofEpoch) => (steps += ofEpoch));
  const endStep = epochEnds[epoch - 1] ?? 0;
  return { plan, epoch, endStep, lastStep: Math.min(endStep, untilStep), epochEnds };
}
