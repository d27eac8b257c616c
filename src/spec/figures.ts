// Metrics as texts for people, wherever they are shown: four decimals, and a dash where there is none.

/** A metric, e.g. `0.8023`; a dash where there is none. */
export function figure(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(4);
}

/** A change with its sign, e.g. `+0.3132`. */
export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}
