// The page of a sweep: who is ahead, the validation figures by epoch as a picture, and the table of the trials.
import type { SeveralProgress, TrialRow } from '../src/spec/comparison.js';
import { escapeMarkdown } from '../src/spec/markdown.js';
import { drawLines } from './line-chart.js';
import { codeTable, figure, joinParts, pageHeading, warningLines } from './several-page.js';

/** A trial on its way: its row, where it stands, and its curve. */
export interface TrialState {
  row: TrialRow;
  /** For the eye: waiting, training to epoch 2, stopped after epoch 1, … */
  status: string;
  curve: [epoch: number, validation: number][];
}

const SHOWN_TRIALS = 60;
const LABEL_LENGTH = 44;

/** Markdown for the sweep as it stands. */
export function renderSweepPage(progress: SeveralProgress, trials: readonly TrialState[], epochs: number): string {
  const ahead = [...trials].sort(
    (a, b) =>
      b.row.epochs - a.row.epochs || (b.row.validation ?? -1) - (a.row.validation ?? -1) || a.row.trial - b.row.trial,
  );
  return joinParts([
    pageHeading('sweep', progress),
    drawLines({
      title: 'NDCG@10 on the validation part, by epoch',
      xRange: [1, epochs],
      ends: ['epoch 1', `epoch ${epochs}`],
      lines: ahead.map(({ row, curve }) => ({ label: `${row.trial}. ${row.label}`, points: curve })),
    }),
    trials.length === 0 ? '' : table(ahead),
    progress.report === undefined ? '' : `- Comparison: ${escapeMarkdown(progress.report)}`,
    warningLines(progress),
  ]);
}

function table(trials: readonly TrialState[]): string {
  return codeTable([
    ['trial', 'settings', 'validation', 'test', 'status'],
    ...trials
      .slice(0, SHOWN_TRIALS)
      .map(({ row, status }) => [
        `${row.trial}${row.outcome === 'best' ? ' *' : ''}`,
        row.label.length > LABEL_LENGTH ? `${row.label.slice(0, LABEL_LENGTH - 1)}…` : row.label,
        figure(row.validation),
        figure(row.after),
        status,
      ]),
  ]);
}
