// Deaths at random moments from a seed: the same seed gives the same victims and the same delays.
import type { Death, Victim } from './disturbed-run.js';

/** Lists of deaths for runs without end, `perRun` each; delays of up to `longestMs` between them. */
export function* randomDeaths({
  seed,
  perRun,
  longestMs,
}: {
  seed: number;
  perRun: number;
  longestMs: number;
}): Generator<Death[], never> {
  const random = mulberry32(seed);
  const victims: Victim[] = ['trainer', 'trainer', 'worker', 'server'];
  for (;;) {
    yield Array.from({ length: perRun }, (): Death => {
      const victim = victims[Math.floor(random() * victims.length)]!;
      return { victim, at: { afterMs: Math.floor(random() * longestMs) } };
    });
  }
}

/** A small generator of numbers in [0, 1), enough to choose victims. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
