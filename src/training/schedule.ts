// The learning rate by step: a linear rise over the warm-up, then a linear fall to zero at the last step, as
// get_linear_schedule_with_warmup of transformers. The first step's rate is 0 when there is a warm-up, as it is there.

/** Shape of the schedule. */
export interface Schedule {
  /** The peak. */
  learningRate: number;
  warmupSteps: number;
  totalSteps: number;
}

/** The schedule of a run: the warm-up takes `ceil(totalSteps × warmupRatio)` steps. */
export function linearSchedule({
  learningRate,
  warmupRatio,
  totalSteps,
}: {
  learningRate: number;
  warmupRatio: number;
  totalSteps: number;
}): Schedule {
  return { learningRate, totalSteps, warmupSteps: Math.ceil(totalSteps * warmupRatio) };
}

/** The rate of a step, counted from 0. */
export function learningRateAt({ learningRate, warmupSteps, totalSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return (learningRate * step) / Math.max(1, warmupSteps);
  return learningRate * Math.max(0, (totalSteps - step) / Math.max(1, totalSteps - warmupSteps));
}
