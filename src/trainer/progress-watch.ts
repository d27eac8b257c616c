// Tells a hung trainer from a slow one: no progress for max(5 min, 20 × the median time between reports of the same stage, what the
// operation itself has said that its longest piece of work takes).
import type { Stage } from '../spec/stages.js';

const LEAST_MS = 5 * 60_000;
const MEDIANS = 20;
const KEPT = 256;

/** Options of {@link ProgressWatch}. */
export interface ProgressWatchOptions {
  /** Milliseconds without progress; default max(5 min, 20 × median, {@link ProgressWatch.expectSilence}). */
  timeoutMs?: number | undefined;
  onHang: (silentMs: number) => void;
  /** Milliseconds of a steady clock; tests give their own. */
  now?: () => number;
}

/** Watches one call; call {@link ProgressWatch.stop} when it ends. */
export class ProgressWatch {
  private intervals: number[] = [];
  private stage: Stage | undefined;
  private expectedMs = 0;
  private last: number;
  private timer: NodeJS.Timeout | undefined;
  private readonly now: () => number;

  constructor(private readonly options: ProgressWatchOptions) {
    this.now = options.now ?? (() => performance.now());
    this.last = this.now();
    this.arm();
  }

  /** A report came in. */
  note(stage: Stage): void {
    const now = this.now();
    if (stage !== this.stage) this.intervals = [];
    else this.intervals.push(now - this.last);
    if (this.intervals.length > KEPT) this.intervals.shift();
    this.stage = stage;
    this.last = now;
    this.arm();
  }

  /** From now on a report may take so long. */
  expectSilence(ms: number): void {
    this.expectedMs = ms;
    this.arm();
  }

  /** Milliseconds of silence that count as a hang. */
  limitMs(): number {
    if (this.options.timeoutMs !== undefined) return this.options.timeoutMs;
    const sorted = [...this.intervals].sort((a, b) => a - b);
    return Math.max(LEAST_MS, MEDIANS * (sorted[sorted.length >> 1] ?? 0), this.expectedMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private arm(): void {
    clearTimeout(this.timer);
    const limit = this.limitMs();
    this.timer = setTimeout(() => this.options.onHang(limit), limit);
    this.timer.unref();
  }
}
