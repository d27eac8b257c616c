// Metrics as texts for people, wherever they are shown: four decimals, and a dash where there is none.
import type { Verdict } from './evaluation-stages.js';

/** A metric, e.g. `0.8023`; a dash where there is none. */
export function figure(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(4);
}

/** A change with its sign, e.g. `+0.3132`. */
export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}

/** Whether an `unclear` verdict is so by chance; else by too few answers, of which nothing is decided whatever the interval. */
export function mayBeChance({ interval: [low, high] }: Pick<Verdict, 'interval'>): boolean {
  return low <= 0 && high >= 0;
}

/** Why a verdict is `unclear`. */
export function whyUnclear(verdict: Pick<Verdict, 'interval'>): string {
  return mayBeChance(verdict) ? 'the difference may be chance' : 'too few test answers to decide';
}
