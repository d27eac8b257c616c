// Makes a long, noisy series readable: an exponential moving average, and fewer points.

/**
 * Exponential moving average, corrected for its start as Adam's moments are:
 * `m = β m + (1 − β) x`, shown as `m / (1 − βⁿ)`.
 */
export function smooth(values: readonly number[], beta: number): number[] {
  let mean = 0;
  let weight = 0;
  return values.map((value) => {
    mean = beta * mean + (1 - beta) * value;
    weight = beta * weight + (1 - beta);
    return mean / weight;
  });
}

/** At most `most` of the entries, evenly spaced, first and last among them. */
export function thinned<T>(entries: readonly T[], most: number): T[] {
  if (entries.length <= most) return [...entries];
  return Array.from({ length: most }, (_, i) => entries[Math.round((i * (entries.length - 1)) / (most - 1))]!);
}

/** Replaces each run of entries by its mean, so that at most `most` points are left; `x` is the run's middle. */
export function averaged(points: readonly { x: number; y: number }[], most: number): { x: number; y: number }[] {
  const run = Math.ceil(points.length / most);
  if (run <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / run) }, (_, i) => {
    const part = points.slice(i * run, (i + 1) * run);
    const mean = (pick: 'x' | 'y'): number => part.reduce((sum, point) => sum + point[pick], 0) / part.length;
    return { x: mean('x'), y: mean('y') };
  });
}
