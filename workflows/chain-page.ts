// The page of a chain: the steps, and every model on every test part, as a table and as a picture.
import type { SeveralProgress, StepRow } from '../src/spec/comparison.js';
import { figure } from '../src/spec/figures.js';
import { escapeMarkdown } from '../src/spec/markdown.js';
import { shorten } from '../src/spec/shorten.js';
import { drawLines } from './line-chart.js';
import { joinParts } from './fit.js';
import { change, codeTable, onTheWay, pageHeading, warningLines } from './several-page.js';

/** A chain as it stands. */
export interface ChainState {
  base: string;
  rows: StepRow[];
  /** NDCG@10 by model and test part, as far as they are measured. */
  matrix: number[][];
}

const NAME_LENGTH = 60;
const SHOWN_PARTS = 8;

/** Markdown for the chain as it stands. */
export function renderChainPage(progress: SeveralProgress, { base, rows, matrix }: ChainState): string {
  // The page's column is narrow: parts by number, whose names stand in the list below.
  const shown = rows.slice(0, SHOWN_PARTS);
  return joinParts([
    pageHeading('chain', progress),
    matrix.length < 2
      ? ''
      : drawLines({
          title: 'NDCG@10 by test part and step',
          xRange: [0, rows.length],
          ends: ['base', `step ${rows.length}`],
          lines: rows.map(({ step }, part) => ({
            label: `test part ${step}`,
            points: matrix.map((figures, model) => [model, figures[part]!] as const),
          })),
        }),
    matrix.length === 0
      ? ''
      : [
          'NDCG@10 of each model (rows) on each test part (columns):',
          codeTable([
            ['model', ...shown.map(({ step }) => `part ${step}`)],
            ...matrix.map((figures, model) => [
              model === 0 ? 'base model' : `after step ${model}`,
              ...shown.map((_, part) => `${figure(figures[part])}${part === model - 1 ? ' <' : ''}`),
            ]),
          ]),
        ].join('\n\n'),
    [
      `- Base model: ${escapeMarkdown(shorten(base, NAME_LENGTH))}`,
      ...rows.map(line),
      ...(progress.report === undefined ? [] : [`- Comparison: ${escapeMarkdown(progress.report)}`]),
    ].join('\n'),
    onTheWay(progress),
    warningLines(progress),
  ]);
}

function line({ step, name, model, error, verdict, verdictFromBase }: StepRow): string {
  const changes = verdict ? [`${change(verdict)} by the step`, `${change(verdictFromBase)} from the base`] : [];
  const state = error ? [`failed: ${error.type}`] : model ? [...changes, model.path] : ['not begun or on its way'];
  return `- Step ${step}, ${escapeMarkdown(name)}: ${escapeMarkdown(state.join('; '))}`;
}
