// The page of a sweep: who is ahead, the validation figures by epoch as a picture, and the table of the trials.
import type { SeveralProgress, TrialRow } from '../src/spec/comparison.js';
import { escapeMarkdown } from '../src/spec/markdown.js';
import { shorten } from '../src/spec/shorten.js';
import { drawLines } from './line-chart.js';
import { joinParts } from './fit.js';
import { codeTable, figure, pageHeading, warningLines } from './several-page.js';

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
      lines: ahead.map(({ row, curve }) => ({ label: `trial ${row.trial}`, points: curve })),
    }),
    table(ahead),
    'NDCG@10. Trials are chosen by the validation part; the test part has no say.',
    progress.report === undefined ? '' : `- Comparison: ${escapeMarkdown(progress.report)}`,
    warningLines(progress),
  ]);
}

function table(trials: readonly TrialState[]): string {
  return codeTable([
    // The page's column is narrow: what matters most stands first.
    ['trial', 'valid.', 'test', 'status', 'settings'],
    ...trials
      .slice(0, SHOWN_TRIALS)
      .map(({ row, status }) => [
        `${row.trial}${row.outcome === 'best' ? ' *' : ''}`,
        figure(row.validation),
        figure(row.after),
        status,
        shorten(row.label, LABEL_LENGTH),
      ]),
  ]);
}
