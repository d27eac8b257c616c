// How training went: loss, learning rate and gradient norm by step.
import { epochAxis, figure, type Chart } from './chart.js';
import { count, plural } from './format.js';
import { html, type Html } from './html.js';
import type { LossPoint, ReportData } from './report-data.js';
import { averaged, smooth, thinned } from './smooth.js';

const POINTS = 400;
const stepAxis = {
  field: 'x',
  type: 'quantitative',
  title: 'step',
  scale: { nice: false },
  axis: { format: 'd' },
} as const;

/** The section's plots; nothing when no step was recorded. */
export async function trainingCharts({ losses, epochs }: ReportData): Promise<Html> {
  if (losses.length === 0) return html`<p>No training step was recorded.</p>`;
  const ends = epochEnds(losses);
  return html`${[
    await figure(lossChart(losses, ends, epochs.length)),
    await figure(rateChart(losses)),
    ...(epochs.length > 1 ? [await figure(epochLossChart(epochs))] : []),
    await figure(normChart(losses)),
  ]}`;
}

function lossChart(losses: readonly LossPoint[], ends: number[], epochs: number): Chart {
  const raw = averaged(
    losses.map(({ step, loss }) => ({ x: step, y: loss })),
    POINTS,
  );
  const beta = 1 - 1 / Math.max(1, Math.min(50, losses.length / 15));
  const curve = smooth(
    losses.map(({ loss }) => loss),
    beta,
  ).map((y, i) => ({ x: losses[i]!.step, y }));
  const [first, last] = [curve[0]!.y, curve.at(-1)!.y];
  return {
    id: 'loss',
    title: 'Loss',
    description: `Training loss over ${plural(losses.length, 'step')} in ${plural(epochs, 'epoch')}: from ${first.toFixed(3)} to ${last.toFixed(3)} (smoothed). Dotted lines end an epoch.`,
    legend: [
      { colour: 'var(--after)', label: 'smoothed' },
      { colour: 'var(--faint)', label: losses.length > POINTS ? 'mean of neighbouring steps' : 'each step' },
    ],
    spec: {
      layer: [
        rules(ends),
        {
          data: { values: raw },
          mark: { type: 'line', stroke: 'var(--faint)', strokeWidth: 1.2 },
          encoding: { x: stepAxis, y: { field: 'y', type: 'quantitative', title: 'loss' } },
        },
        {
          data: { values: thinned(curve, POINTS) },
          mark: { type: 'line', stroke: 'var(--after)', strokeWidth: 2.5 },
          encoding: { x: stepAxis, y: { field: 'y', type: 'quantitative', title: 'loss' } },
        },
      ],
    },
  };
}

function epochLossChart(epochs: ReportData['epochs']): Chart {
  return {
    id: 'epoch-loss',
    title: 'Mean loss by epoch',
    description: `Mean training loss of each epoch: ${epochs[0]!.meanLoss.toFixed(3)} in the first, ${epochs.at(-1)!.meanLoss.toFixed(3)} in the last.`,
    spec: {
      data: { values: epochs.map(({ epoch, meanLoss }) => ({ x: epoch, y: meanLoss })) },
      mark: { type: 'line', stroke: 'var(--after)', strokeWidth: 2.5, point: { fill: 'var(--after)', size: 45 } },
      encoding: {
        x: { field: 'x', type: 'quantitative', title: 'epoch', axis: epochAxis(epochs.map(({ epoch }) => epoch)) },
        y: { field: 'y', type: 'quantitative', title: 'mean loss' },
      },
    },
  };
}

function rateChart(losses: readonly LossPoint[]): Chart {
  const peak = losses.reduce((a, b) => (b.learningRate > a.learningRate ? b : a));
  return {
    id: 'learning-rate',
    title: 'Learning rate',
    description: `The learning rate is highest at step ${count(peak.step)}, ${peak.learningRate.toExponential(1)}, and ${losses.at(-1)!.learningRate.toExponential(1)} at the last step.`,
    spec: {
      data: { values: thinned(losses.map(({ step, learningRate }) => ({ x: step, y: learningRate })), POINTS) }, // prettier-ignore
      mark: { type: 'line', stroke: 'var(--after)', strokeWidth: 2.5 },
      encoding: {
        x: stepAxis,
        y: { field: 'y', type: 'quantitative', title: 'learning rate', axis: { format: '.1e' } },
      },
    },
  };
}

function normChart(losses: readonly LossPoint[]): Chart {
  const largest = losses.reduce((most, { gradientNorm }) => Math.max(most, gradientNorm), -Infinity);
  const values = averaged(
    losses.map(({ step, gradientNorm }) => ({ x: step, y: gradientNorm })),
    POINTS,
  );
  return {
    id: 'gradient-norm',
    title: 'Gradient norm',
    description: `Norm of the gradient over all parameters before clipping; its largest value was ${largest.toPrecision(3)}.`,
    spec: {
      data: { values },
      mark: { type: 'line', stroke: 'var(--after)', strokeWidth: 1.5 },
      encoding: { x: stepAxis, y: { field: 'y', type: 'quantitative', title: 'gradient norm' } },
    },
  };
}

function rules(ends: number[]): object {
  return {
    data: { values: ends.map((x) => ({ x })) },
    mark: { type: 'rule', strokeDash: [2, 4], stroke: 'var(--muted)' },
    encoding: { x: stepAxis },
  };
}

/** Last step of every epoch but the last. */
function epochEnds(losses: readonly LossPoint[]): number[] {
  return losses.flatMap(({ step, epoch }, i) =>
    i + 1 < losses.length && losses[i + 1]!.epoch !== epoch ? [step] : [],
  );
}
