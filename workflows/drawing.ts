// What the pictures on the pages of runs are drawn with: a panel's axes, lines, dots and words as lines of SVG (attributes only, one element a
// line: the page's policy blocks styles, and a blank line would end the picture).

/** Of one picture, in pixels; pictures stand under each other, because the page's column is narrow. */
export const [PANEL_WIDTH, PANEL_HEIGHT] = [420, 200];
/** Room around the drawing. */
export const MARGIN = { left: 48, right: 16, top: 32, bottom: 26 };
/** Fonts of the words. */
export const FONT = 'font-family="ui-sans-serif, system-ui, sans-serif"';

/** Maps values to a panel's place, with rounded ticks; `pad`: room above and below, as a share, but none above `most`. */
export class Frame {
  private readonly ticks: number[];
  private readonly low: number;
  private readonly high: number;

  constructor(
    private readonly xRange: readonly [number, number],
    [low, high]: readonly [number, number],
    pad = 0,
    most = Infinity,
  ) {
    const span = Math.max(high - low, 0.02 * Math.abs(high), 1e-3);
    this.ticks = niceTicks(low - pad * span, Math.max(high, Math.min(high + pad * span, most)));
    this.low = this.ticks[0]!;
    this.high = this.ticks[this.ticks.length - 1]!;
  }

  x(value: number): number {
    const [from, to] = this.xRange;
    const share = (value - from) / Math.max(to - from, 1e-9);
    return round(MARGIN.left + share * (PANEL_WIDTH - MARGIN.left - MARGIN.right));
  }

  y(value: number): number {
    const share = (value - this.low) / (this.high - this.low);
    return round(PANEL_HEIGHT - MARGIN.bottom - share * (PANEL_HEIGHT - MARGIN.bottom - MARGIN.top));
  }

  axes({ xLabel, ends: [first, last] }: { xLabel: (value: number) => string; ends: [number, number] }): string[] {
    const digits = Math.max(...this.ticks.map((tick) => (String(tick).split('.')[1] ?? '').length));
    const bottom = PANEL_HEIGHT - MARGIN.bottom + 17;
    return [
      ...this.ticks.flatMap((tick) => [
        `<line x1="${MARGIN.left}" x2="${PANEL_WIDTH - MARGIN.right}" y1="${this.y(tick)}" y2="${this.y(tick)}" stroke="currentColor" stroke-opacity="0.12"/>`,
        text(MARGIN.left - 8, this.y(tick) + 4, tick.toFixed(digits), { anchor: 'end', opacity: 0.7 }),
      ]),
      text(this.x(first), bottom, xLabel(first), { anchor: 'start', opacity: 0.7 }),
      text(this.x(last), bottom, xLabel(last), { anchor: 'end', opacity: 0.7 }),
    ];
  }
}

/** Three to six round numbers around a range. */
export function niceTicks(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999)!;
  const from = Math.floor(low / step + 1e-9);
  const to = Math.max(from + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: to - from + 1 }, (_, index) => Number(((from + index) * step).toPrecision(10)));
}

/** A line through points. */
export function line(points: readonly (readonly [number, number])[], colour: string): string {
  return `<polyline fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round" points="${points.map(([x, y]) => `${x},${y}`).join(' ')}"/>`;
}

/** A dashed line from top to bottom of a panel. */
export function vertical(x: number, colour: string, opacity: number): string {
  return `<line x1="${x}" x2="${x}" y1="${MARGIN.top}" y2="${PANEL_HEIGHT - MARGIN.bottom}" stroke="${colour}" stroke-opacity="${opacity}" stroke-dasharray="4 4"/>`;
}

/** A filled circle. */
export function dot(x: number, y: number, colour: string, radius: number): string {
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}"/>`;
}

/** The words above a panel. */
export function title(label: string, colour: string): string {
  return text(MARGIN.left, 16, label, { colour, weight: 600 });
}

/** Words at a place; they are markup already. */
export function text(
  x: number,
  y: number,
  label: string,
  { anchor = 'start', opacity = 1, weight = 400, colour = 'currentColor' } = {},
): string {
  const look = `${weight === 400 ? '' : ` font-weight="${weight}"`}${opacity === 1 ? '' : ` fill-opacity="${opacity}"`}`;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="12" fill="${colour}"${look}>${label}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
