// What training changed: metrics by epoch, the spread of the scores before and after, and the change question by question.
import type { ScoreDistribution } from '../evaluation/score-distribution.js';
import type { Metrics } from '../spec/evaluation-stages.js';
import { epochAxis, figure, type Chart } from './chart.js';
import { count, metric, metricLabel, plural } from './format.js';
import { html, type Html } from './html.js';
import type { ReportData } from './report-data.js';

const EPOCH_METRICS = [
  { key: 'accuracy@10', colour: 'var(--third)', dash: [2, 3] },
  { key: 'ndcg@10', colour: 'var(--after)', dash: [1, 0] },
  { key: 'accuracy@1', colour: 'var(--bad)', dash: [7, 3] },
];

/** Lowest and highest cosine shown. */
type Range = [number, number];

/** Share of the pairs, `y`, in the bins about the cosine `x`. */
type Curve = { x: number; y: number }[];

/** What both score charts have alike, and the curves of the one, in the order of the kinds. */
interface ScoreCurves {
  curves: readonly Curve[];
  range: Range;
  /** The highest share of both charts. */
  highest: number;
}

/** The plots of the results section. */
export async function metricCharts(data: ReportData): Promise<Html> {
  const charts = [epochChart(data), changeChart(data), ...scoreCharts(data)].filter((chart) => chart !== undefined);
  const figures: Html[] = [];
  for (const chart of charts) figures.push(await figure(chart));
  return html`${figures}`;
}

function epochChart({ epochs, metrics, publishedEpoch }: ReportData): Chart | undefined {
  const part = epochs.some(({ test }) => test) ? 'test' : 'validation';
  const points: { epoch: number; metrics: Metrics }[] = [
    ...(part === 'test' ? [{ epoch: 0, metrics: metrics.before }] : []),
    ...epochs.flatMap((epoch) => (epoch[part] ? [{ epoch: epoch.epoch, metrics: epoch[part] }] : [])),
  ];
  if (points.length < 2) return undefined;
  const last = Math.max(...points.map(({ epoch }) => epoch));
  const shown = EPOCH_METRICS.filter(({ key }) => points.every((point) => point.metrics[key] !== undefined));
  const y = { field: 'y', type: 'quantitative', title: 'share', scale: { zero: false, nice: true } };
  const x = {
    field: 'x',
    type: 'quantitative',
    title: part === 'test' ? 'epoch (0 = base model)' : 'epoch',
    axis: epochAxis(points.map(({ epoch }) => epoch)),
  };
  return {
    id: 'epochs',
    title: `Metrics by epoch (${part} questions)`,
    description:
      shown
        .map(
          ({ key }) =>
            `${metricLabel(key)} ${metric(points[0]!.metrics[key]!)} → ${metric(points.at(-1)!.metrics[key]!)}`,
        )
        .join(', ') +
      `. ${publishedEpoch === last ? 'The last epoch' : `Epoch ${publishedEpoch}`} is the published one.`,
    legend: shown.map(({ key, colour, dash }) => ({ colour, label: metricLabel(key), dashed: dash[1] !== 0 })),
    spec: {
      layer: [
        ...shown.map(({ key, colour, dash }) => ({
          data: { values: points.map((point) => ({ x: point.epoch, y: point.metrics[key] })) },
          mark: { type: 'line', stroke: colour, strokeWidth: 2.5, strokeDash: dash, point: { fill: colour, size: 45 } },
          encoding: { x, y },
        })),
      ],
    },
  };
}

function changeChart({ changes }: ReportData): Chart {
  const better = changes.filter((change) => change > 1e-9).length;
  const worse = changes.filter((change) => change < -1e-9).length;
  const bars = Math.min(changes.length, 400);
  const values = Array.from({ length: bars }, (_, i) => ({
    from: (100 * i) / bars,
    to: (100 * (i + 1)) / bars,
    y: changes[Math.floor(((i + 0.5) * changes.length) / bars)]!,
  }));
  const x = { field: 'from', type: 'quantitative', title: 'share of the questions, %', scale: { domain: [0, 100] } };
  const y = {
    field: 'y',
    type: 'quantitative',
    title: 'change of NDCG@10',
    scale: { domain: [Math.min(-0.2, changes[0] ?? 0), Math.max(0.2, changes.at(-1) ?? 0)], nice: true },
  };
  const side = (fill: string, filter: string): object => ({
    transform: [{ filter }],
    mark: { type: 'rect', fill, stroke: fill, strokeWidth: 0.5 },
    encoding: { x, x2: { field: 'to' }, y, y2: { datum: 0 } },
  });
  return {
    id: 'changes',
    title: 'Change question by question',
    description: `${count(better)} of ${plural(changes.length, 'question')} got better, ${count(worse)} got worse, ${count(changes.length - better - worse)} stayed the same. Sorted from the greatest loss to the greatest gain.`,
    legend: [
      { colour: 'var(--after)', label: 'better' },
      { colour: 'var(--bad)', label: 'worse' },
    ],
    spec: {
      data: { values },
      layer: [side('var(--after)', 'datum.y > 0'), side('var(--bad)', 'datum.y < 0')],
    },
  };
}

function scoreCharts({ scores }: ReportData): Chart[] {
  const both = [scores.before, scores.after];
  const range = cosines(both);
  const join = binsJoined(both, range);
  const curves = both.map((one) => KINDS.map(({ kind }) => shares(one[kind], one.width, range, join)));
  const highest = Math.max(...curves.flat(2).map(({ y }) => y));
  return [
    scoreChart('before', 'Scores before training', scores.before, { curves: curves[0]!, range, highest }),
    scoreChart('after', 'Scores after training', scores.after, { curves: curves[1]!, range, highest }),
  ];
}

const KINDS = [
  { kind: 'false', label: 'all false pairs', colour: 'var(--bad)', dash: [2, 3] },
  { kind: 'bestFalse', label: 'best false pair of each question', colour: 'var(--third)', dash: [7, 3] },
  { kind: 'true', label: 'true pairs', colour: 'var(--after)', dash: [1, 0] },
] as const;

function scoreChart(id: string, title: string, scores: ScoreDistribution, drawn: ScoreCurves): Chart {
  const { curves, range, highest } = drawn;
  const x = { field: 'x', type: 'quantitative', title: 'cosine similarity', scale: { domain: range, nice: false } };
  const y = {
    field: 'y',
    type: 'quantitative',
    title: 'share of pairs',
    axis: { format: '%' },
    scale: { domain: [0, highest] },
  };
  return {
    id: `scores-${id}`,
    title,
    description: `Mean cosine of a question with its true document ${scores.trueMean.toFixed(3)}, with a false one ${scores.falseMean.toFixed(3)}, with the best false one ${scores.bestFalseMean.toFixed(3)}. The less the humps overlap, the better.`,
    legend: KINDS.map(({ label, colour, dash }) => ({ label, colour, dashed: dash[1] !== 0 })).reverse(),
    spec: {
      layer: KINDS.map(({ colour, dash }, place) => ({
        data: { values: curves[place] },
        mark: {
          type: 'area',
          fill: colour,
          fillOpacity: 0.25,
          line: { stroke: colour, strokeWidth: 2, strokeDash: dash },
          interpolate: 'monotone',
        },
        encoding: { x, y },
      })),
    },
  };
}

/**
 * How many neighbouring bins make one point: at most 40 points over the range, 12 where a kind has few pairs, so that no curve is ragged.
 * The same for all kinds, whose heights are compared, and a divisor of the range's bins, so that the last scores have a point as well.
 */
function binsJoined(both: readonly ScoreDistribution[], [from, to]: Range): number {
  const totals = both.flatMap((one) => KINDS.map(({ kind }) => sum(one[kind])));
  const bins = Math.round((to - from) / both[0]!.width);
  let join = Math.ceil(bins / (totals.some((total) => total > 0 && total < 200) ? 12 : 40));
  while (bins % join !== 0) join++;
  return join;
}

function shares(counts: readonly number[], width: number, [from, to]: Range, join: number): Curve {
  const total = sum(counts) || 1;
  const points: Curve = [];
  for (let bin = Math.round((from + 1) / width); bin < Math.round((to + 1) / width); bin += join)
    points.push({ x: -1 + (bin + join / 2) * width, y: sum(counts.slice(bin, bin + join)) / total });
  return points;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((a, b) => a + b, 0);
}

/** The cosines between which pairs lie, rounded outward to tenths. */
function cosines(distributions: readonly ScoreDistribution[]): Range {
  let low = 1;
  let high = -1;
  for (const { width, true: yes, false: no } of distributions) {
    yes.forEach((one, bin) => {
      if (one + no[bin]! === 0) return;
      low = Math.min(low, -1 + bin * width);
      high = Math.max(high, -1 + (bin + 1) * width);
    });
  }
  return low < high ? [Math.floor(low * 10 + 1e-9) / 10, Math.ceil(high * 10 - 1e-9) / 10] : [-1, 1];
}
