// Speed over the last steps, for the eye: pairs a second and seconds a step.

const WINDOW_STEPS = 20;

/** Measures over a window of steps, by the process's own clock. */
export class SpeedMeter {
  private readonly marks: { time: number; items: number }[] = [{ time: performance.now(), items: 0 }];

  /** Counts a step that has just been made. */
  add(items: number): void {
    this.marks.push({ time: performance.now(), items });
    if (this.marks.length > WINDOW_STEPS + 1) this.marks.shift();
  }

  get secondsPerStep(): number {
    const { marks } = this;
    return (marks.at(-1)!.time - marks[0]!.time) / 1000 / Math.max(1, marks.length - 1);
  }

  get itemsPerSecond(): number {
    const { marks } = this;
    const items = marks.slice(1).reduce((sum, mark) => sum + mark.items, 0);
    return items / Math.max(1e-9, (marks.at(-1)!.time - marks[0]!.time) / 1000);
  }
}
