// The page of a sweep: who is ahead, the validation figures by epoch as a picture, and the table of the trials.
import type { SeveralProgress, SweepResult, TrialRow } from '../src/spec/comparison.js';
import { figure, signed } from '../src/spec/figures.js';
import { escapeMarkdown } from '../src/spec/markdown.js';
import { shorten } from '../src/spec/shorten.js';
import { METRIC } from './curve.js';
import { drawLines } from './line-chart.js';
import { joinParts } from './fit.js';
import { codeTable, onTheWay, pageHeading, warningLines } from './several-page.js';

/** A trial on its way: its row, where it stands, and its curve. */
export interface TrialState {
  row: TrialRow;
  /** For the eye: waiting, training to epoch 2, stopped after epoch 1, … */
  status: string;
  curve: [epoch: number, validation: number][];
}

const SHOWN_TRIALS = 60;
const LABEL_LENGTH = 44;

/** A sweep as it stands. */
export interface SweepState {
  trials: readonly TrialState[];
  /** Of the longest trial. */
  epochs: number;
  /** Once it is published. */
  best?: SweepResult['best'] | undefined;
}

/** Markdown for the sweep as it stands. */
export function renderSweepPage(progress: SeveralProgress, { trials, epochs, best }: SweepState): string {
  const ahead = [...trials].sort(
    (a, b) =>
      b.row.epochs - a.row.epochs || (b.row.validation ?? -1) - (a.row.validation ?? -1) || a.row.trial - b.row.trial,
  );
  return joinParts([
    pageHeading('sweep', progress),
    drawLines({
      title: 'Validation NDCG@10 by epoch',
      xRange: [1, epochs],
      ends: ['epoch 1', `epoch ${epochs}`],
      lines: ahead.map(({ row, curve }) => ({ label: `trial ${row.trial}`, points: curve })),
    }),
    table(ahead),
    'NDCG@10. Trials are chosen by the validation part; the test part has no say.',
    outcome(progress, best),
    ahead.map(settings).join('\n'),
    onTheWay(progress),
    warningLines(progress),
  ]);
}

function table(trials: readonly TrialState[]): string {
  return codeTable([
    // The page's column is narrow: settings stand in the list below.
    ['trial', 'valid.', 'test', 'status'],
    ...trials
      .slice(0, SHOWN_TRIALS)
      .map(({ row, status }) => [
        `${row.trial}${row.outcome === 'best' ? ' *' : ''}`,
        figure(row.validation),
        figure(row.after),
        status,
      ]),
  ]);
}

function settings({ row: { trial, label } }: TrialState): string {
  return `- Trial ${trial}: ${escapeMarkdown(shorten(label, LABEL_LENGTH))}`;
}

function outcome({ report }: SeveralProgress, best: SweepState['best']): string {
  const places = report === undefined ? [] : [`Comparison: ${report}`];
  if (!best) return places.map((line) => `- ${escapeMarkdown(line)}`).join('\n');
  const { trial, label, model, report: ofRun, verdict } = best;
  const [low, high] = verdict.interval;
  const lines = [
    `Model: ${model.path}`,
    `Report: ${ofRun}`,
    `SHA-256 of model.safetensors: ${model.sha256}`,
    ...places,
  ];
  return [
    `**Best: trial ${trial}, ${escapeMarkdown(shorten(label, LABEL_LENGTH))}**`,
    '',
    `**Verdict: ${verdict.verdict}** (${METRIC} ${signed(verdict.difference)}, 95 % interval ${signed(low)} to ${signed(high)})`,
    '',
    ...lines.map((line) => `- ${escapeMarkdown(line)}`),
  ].join('\n');
}
