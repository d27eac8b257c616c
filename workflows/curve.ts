// The pictures of a run's page as inline SVG: the loss by step, and the metric by epoch. The page's policy blocks styles, and a blank line
// would end the picture, so there are attributes only, one line an element. Text and axes take the page's own colour, in both themes.
import { dot, FONT, Frame, line, MARGIN, PANEL_HEIGHT, PANEL_WIDTH, text, title, vertical } from './drawing.js';
import type { RunState } from './progress.js';

/** The metric that is drawn. */
export const METRIC = 'ndcg@10';

/** Between two pictures. */
const GAP = 14;
const LOSS_COLOUR = '#7c83ff';
const METRIC_COLOUR = '#22a27a';
const CHANGE_COLOUR = '#d9822b';
const MOST_LABELS = 7;

/** Both pictures beside each other; empty until there is something to draw. */
export function drawCurves(state: RunState): string {
  const metric = metricPoints(state);
  const hasLoss = state.losses.length > 1;
  if (!hasLoss && metric.length < 2) return '';
  const panels = [...(hasLoss ? [lossPanel(state)] : []), ...(metric.length > 0 ? [metricPanel(state, metric)] : [])];
  const height = panels.length * PANEL_HEIGHT + (panels.length - 1) * GAP;
  return [
    // As wide as it is drawn where there is room, narrower where there is not.
    `<svg viewBox="0 0 ${PANEL_WIDTH} ${height}" width="100%" height="${height}" preserveAspectRatio="xMinYMin meet" role="img" aria-label="loss by step and ${METRIC} by epoch" fill="currentColor" ${FONT}>`,
    ...panels.flatMap((elements, index) => [
      `<g transform="translate(0 ${index * (PANEL_HEIGHT + GAP)})">`,
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
    text(PANEL_WIDTH - MARGIN.right, 16, `now ${values[values.length - 1]!.toPrecision(3)}`, {
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
