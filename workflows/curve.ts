// The pictures of a run's page as inline SVG: the loss by step, and the metric by epoch. The page's policy blocks styles, and a blank line
// would end the picture, so there are attributes only, one line an element. Text and axes take the page's own colour, in both themes.
import type { RunState } from './progress.js';

/** The metric that is drawn. */
export const METRIC = 'ndcg@10';

/** Of one picture; they stand under each other, because the page's column is narrow. */
const [PANEL, HEIGHT, GAP] = [420, 200, 14];
const MARGIN = { left: 48, right: 16, top: 32, bottom: 26 };
const LOSS_COLOUR = '#7c83ff';
const METRIC_COLOUR = '#22a27a';
const CHANGE_COLOUR = '#d9822b';
const FONT = 'font-family="ui-sans-serif, system-ui, sans-serif"';
const MOST_LABELS = 7;

/** Both pictures beside each other; empty until there is something to draw. */
export function drawCurves(state: RunState): string {
  const metric = metricPoints(state);
  const hasLoss = state.losses.length > 1;
  if (!hasLoss && metric.length < 2) return '';
  const panels = [...(hasLoss ? [lossPanel(state)] : []), ...(metric.length > 0 ? [metricPanel(state, metric)] : [])];
  const height = panels.length * HEIGHT + (panels.length - 1) * GAP;
  return [
    // As wide as it is drawn where there is room, narrower where there is not.
    `<svg viewBox="0 0 ${PANEL} ${height}" width="100%" height="${height}" preserveAspectRatio="xMinYMin meet" role="img" aria-label="loss by step and ${METRIC} by epoch" fill="currentColor" ${FONT}>`,
    ...panels.flatMap((elements, index) => [
      `<g transform="translate(0 ${index * (HEIGHT + GAP)})">`,
      ...elements,
      '</g>',
    ]),
    '</svg>',
  ].join('\n');
}

function lossPanel({ losses, epochs, progress }: RunState): string[] {
  const last = Math.max(progress.totalSteps ?? 0, losses[losses.length - 1]![0]);
  const values = losses.map(([, loss]) => loss);
  const frame = new Frame([0, last], [Math.min(0, ...values), Math.max(...values)]);
  const ends = epochs.length > 12 ? [] : epochs.map(({ step }) => step).filter((step) => step < last);
  const changes = progress.changes.filter(({ step }) => step > 0);
  return [
    title('Loss by step', LOSS_COLOUR),
    ...frame.axes({ xLabel: (step) => (step === 0 ? '0' : `step ${step}`), ends: [0, last] }),
    ...ends.map((step) => vertical(frame.x(step), 'currentColor', 0.25)),
    ...changes.map(({ step }) => vertical(frame.x(step), CHANGE_COLOUR, 0.9)),
    line(
      losses.map(([step, loss]) => [frame.x(step), frame.y(loss)] as const),
      LOSS_COLOUR,
    ),
    dot(frame.x(losses[losses.length - 1]![0]), frame.y(values[values.length - 1]!), LOSS_COLOUR, 3.5),
    text(PANEL - MARGIN.right, 16, `now ${values[values.length - 1]!.toPrecision(3)}`, {
      anchor: 'end',
      opacity: 0.75,
    }),
    ...(changes.length > 0
      ? [text(frame.x(changes[0]!.step) + 5, MARGIN.top + 12, 'changed by hand', { colour: CHANGE_COLOUR })]
      : []),
  ];
}

interface MetricPoint {
  epoch: number;
  value: number;
}

/** Before (at 0) and after each epoch, on the test part. */
function metricPoints({ before, epochs }: RunState): MetricPoint[] {
  const first = before?.[METRIC];
  return [
    ...(first === undefined ? [] : [{ epoch: 0, value: first }]),
    ...epochs.flatMap(({ epoch, metrics }) => {
      const value = metrics?.[METRIC];
      return value === undefined ? [] : [{ epoch, value }];
    }),
  ];
}

function metricPanel({ progress, publishedEpoch }: RunState, points: readonly MetricPoint[]): string[] {
  const values = points.map(({ value }) => value);
  const last = Math.max(points[points.length - 1]!.epoch, progress.stopping ? 1 : progress.epochs);
  const frame = new Frame([0, last], [Math.min(...values), Math.max(...values)], 0.12);
  const labelled = points.length <= MOST_LABELS ? points : [points[0]!, points[points.length - 1]!];
  const before = values[0]!;
  const anchorAt = (epoch: number): string => (epoch === 0 ? 'start' : epoch === last ? 'end' : 'middle');
  const published = points.find(({ epoch }) => epoch === publishedEpoch);
  return [
    title('NDCG@10 on the test part, by epoch', METRIC_COLOUR),
    ...frame.axes({ xLabel: (epoch) => (epoch === 0 ? 'before' : `epoch ${epoch}`), ends: [0, last] }),
    `<line x1="${frame.x(0)}" x2="${frame.x(last)}" y1="${frame.y(before)}" y2="${frame.y(before)}" stroke="currentColor" stroke-opacity="0.35" stroke-dasharray="3 4"/>`,
    line(
      points.map(({ epoch, value }) => [frame.x(epoch), frame.y(value)] as const),
      METRIC_COLOUR,
    ),
    ...points.map(({ epoch, value }) =>
      dot(frame.x(epoch), frame.y(value), METRIC_COLOUR, points.length > 40 ? 1.5 : 4),
    ),
    ...(published
      ? [
          `<circle cx="${frame.x(published.epoch)}" cy="${frame.y(published.value)}" r="8" fill="none" stroke="${METRIC_COLOUR}" stroke-width="1.5"/>`,
        ]
      : []),
    ...labelled.map(({ epoch, value }, index) => {
      // Under the first point where the line rises from it, above all others.
      const isUnder = index === 0 && epoch !== last && value < (points[1]?.value ?? value);
      const y = frame.y(value) + (isUnder ? 18 : -11);
      return text(frame.x(epoch), y, value.toFixed(3), { anchor: anchorAt(epoch), weight: 600 });
    }),
  ];
}

/** Maps values to a panel's place, with rounded ticks. */
class Frame {
  private readonly ticks: number[];
  private readonly low: number;
  private readonly high: number;

  constructor(
    private readonly xRange: readonly [number, number],
    [low, high]: readonly [number, number],
    pad = 0,
  ) {
    const span = Math.max(high - low, 0.02 * Math.abs(high), 1e-3);
    this.ticks = niceTicks(low - pad * span, high + pad * span);
    this.low = this.ticks[0]!;
    this.high = this.ticks[this.ticks.length - 1]!;
  }

  x(value: number): number {
    const [from, to] = this.xRange;
    const share = (value - from) / Math.max(to - from, 1e-9);
    return round(MARGIN.left + share * (PANEL - MARGIN.left - MARGIN.right));
  }

  y(value: number): number {
    const share = (value - this.low) / (this.high - this.low);
    return round(HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.bottom - MARGIN.top));
  }

  axes({ xLabel, ends: [first, last] }: { xLabel: (value: number) => string; ends: [number, number] }): string[] {
    const digits = Math.max(...this.ticks.map((tick) => (String(tick).split('.')[1] ?? '').length));
    const bottom = HEIGHT - MARGIN.bottom + 17;
    return [
      ...this.ticks.flatMap((tick) => [
        `<line x1="${MARGIN.left}" x2="${PANEL - MARGIN.right}" y1="${this.y(tick)}" y2="${this.y(tick)}" stroke="currentColor" stroke-opacity="0.12"/>`,
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

function line(points: readonly (readonly [number, number])[], colour: string): string {
  return `<polyline fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round" points="${points.map(([x, y]) => `${x},${y}`).join(' ')}"/>`;
}

function vertical(x: number, colour: string, opacity: number): string {
  return `<line x1="${x}" x2="${x}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="${colour}" stroke-opacity="${opacity}" stroke-dasharray="4 4"/>`;
}

function dot(x: number, y: number, colour: string, radius: number): string {
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}"/>`;
}

function title(label: string, colour: string): string {
  return text(MARGIN.left, 16, label, { colour, weight: 600 });
}

function text(
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
