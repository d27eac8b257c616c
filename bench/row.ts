// What a row of the bench is: a name to call it by, and a run that gives figures, each with the goal that it is held against.

/** One measured figure. */
export interface Figure {
  what: string;
  /** This package's value with its unit, and the peer's where there is one. */
  ours: string;
  theirs?: string;
  /** What the goal speaks of: a ratio or a share. */
  value?: number;
  goal?: { atLeast: number } | { atMost: number };
}

/** Runs a job in a process of its own and gives its result. */
export type RunJob = <Output>(name: string, input: object) => Promise<Output & ProcessFigures>;

/** What every job reports of its process. */
export interface ProcessFigures {
  /** Most memory that the process has had, MiB. */
  peakMemoryMb: number;
  /** Seconds of processor time, all threads. */
  cpuSeconds: number;
}

/** What a row works with. */
export interface Bench {
  /** Jobs of this package: bench/jobs/NAME.ts. */
  ours: RunJob;
  /** Jobs of the peer: functions of bench/peer/peer.py. Absent with `--ours`. */
  peer: RunJob | undefined;
  /** Both sides in turn, so many times. */
  rounds: number;
  /** Folder with `models` and `data`. */
  shared: string;
  /** A folder that is gone afterwards. */
  folder: string;
}

/** A row of the bench. */
export interface Row {
  name: string;
  /** One line: what is compared, and how. */
  about: string;
  run(bench: Bench): Promise<Figure[]>;
}

/** The middle of some values; of an even number the mean of both middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

/** True when a figure has a goal and does not reach it. */
export function misses({ value, goal }: Figure): boolean {
  if (goal === undefined || value === undefined) return false;
  return 'atLeast' in goal ? value < goal.atLeast : value > goal.atMost;
}
