// The run's page in the Temporal UI (Current Details): Markdown with a progress bar, a table of the epochs in a code block (the page's
// tables have no padding) and the metric's curve as inline SVG (attributes only: the page's policy blocks styles). Twenty kilobytes
// are the limit. Texts that come from data are escaped.
import type { Metrics } from '../src/spec/stages.js';
import type { RunState } from './progress.js';

const METRIC = 'ndcg@10';
const LIMIT = 19_000;
const SHOWN_WARNINGS = 10;
const SHOWN_EPOCHS = 60;

/** Markdown for the run as it stands. */
export function renderDetails(state: RunState): string {
  const parts = [heading(state), about(state), table(state), curve(state), outcome(state), warnings(state)];
  const text = parts.filter((part) => part !== '').join('\n\n');
  return text.length <= LIMIT ? text : `${text.slice(0, LIMIT)}…`;
}

/** Makes Markdown and HTML harmless in a line of text. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]#|~!]/g, '\\$&');
}

function heading({ progress }: RunState): string {
  const { stage, epoch, epochs, paused, fraction } = progress;
  const where = epoch > 0 && stage !== 'done' && stage !== 'publish' ? ` · epoch ${epoch} of ${epochs}` : '';
  const percent = Math.round(100 * fraction);
  return [
    `### ${escapeMarkdown(progress.name)}: ${paused ? 'paused in ' : ''}${stage}${where}`,
    '',
    `<progress value="${percent}" max="100"></progress> ${percent} %`,
  ].join('\n');
}

function about({ about: lines, progress }: RunState): string {
  const { pairs, totalSteps } = progress;
  const plan = pairs === undefined ? [] : [`${pairs} training pairs, ${totalSteps} steps`];
  return [...lines, ...plan].map((line) => `- ${escapeMarkdown(line)}`).join('\n');
}

function table({ before, epochs, resetEvents, publishedEpoch }: RunState): string {
  if (!before && epochs.length === 0) return '';
  const hitRate = Object.keys(before ?? {}).find((key) => key.startsWith('hit_rate@')) ?? 'hit_rate@5';
  const columns = [METRIC, hitRate, 'mrr@10'];
  const cells = (metrics?: Metrics): string[] => columns.map((key) => figure(metrics?.[key]));
  const rows = [
    ['epoch', 'loss', ...columns, 'reset to event'],
    ['before', '', ...cells(before), ''],
    ...epochs
      .slice(-SHOWN_EPOCHS)
      .map(({ epoch, meanLoss, test }) => [
        `${epoch}${epoch === publishedEpoch ? ' *' : ''}`,
        figure(meanLoss),
        ...cells(test?.metrics),
        `${resetEvents.get(epoch) ?? ''}`,
      ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return ['```', ...lines, ...(publishedEpoch === undefined ? [] : ['* published']), '```'].join('\n');
}

/** The metric on the test part: before (at 0) and after each epoch. */
function curve({ before, epochs }: RunState): string {
  const points = [
    ...(before?.[METRIC] === undefined ? [] : [{ epoch: 0, value: before[METRIC] }]),
    ...epochs.flatMap(({ epoch, test }) => {
      const value = test?.metrics[METRIC];
      return value === undefined ? [] : [{ epoch, value }];
    }),
  ];
  if (points.length < 2) return '';
  const [width, height, left, bottom] = [460, 180, 52, 24];
  const values = points.map(({ value }) => value);
  const low = Math.min(...values);
  const span = Math.max(Math.max(...values) - low, 1e-6);
  const last = points[points.length - 1]!.epoch;
  const x = (epoch: number): string => (left + ((width - left - 12) * epoch) / last).toFixed(1);
  const y = (value: number): string => (height - bottom - ((height - bottom - 16) * (value - low)) / span).toFixed(1);
  const text = (at: string, top: string, anchor: string, label: string): string =>
    `<text x="${at}" y="${top}" text-anchor="${anchor}" font-size="11" fill="currentColor">${label}</text>`;
  return [
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${METRIC} by epoch">`,
    `<polyline fill="none" stroke="currentColor" stroke-width="2" points="${points.map(({ epoch, value }) => `${x(epoch)},${y(value)}`).join(' ')}"/>`,
    ...points.map(({ epoch, value }) => `<circle cx="${x(epoch)}" cy="${y(value)}" r="3" fill="currentColor"/>`),
    text(`${left - 8}`, y(low), 'end', figure(low)),
    text(`${left - 8}`, y(low + span), 'end', figure(low + span)),
    text(x(0), `${height - 6}`, 'middle', 'before'),
    text(x(last), `${height - 6}`, 'end', `${METRIC} after epoch ${last}`),
    '</svg>',
  ].join('\n');
}

function outcome({ progress: { result } }: RunState): string {
  if (!result) return '';
  const { verdict, difference, interval } = result.verdict;
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
  return [
    `**Verdict: ${verdict}** (${METRIC} ${signed(difference)}, 95 % interval ${signed(interval[0])} to ${signed(interval[1])})`,
    '',
    `- Model: ${escapeMarkdown(result.model.path)}`,
    `- Report: ${escapeMarkdown(result.report)}`,
    `- SHA-256 of model.safetensors: ${result.model.sha256}`,
  ].join('\n');
}

function warnings({ progress: { warnings: all } }: RunState): string {
  if (all.length === 0) return '';
  const more = all.length > SHOWN_WARNINGS ? [`- and ${all.length - SHOWN_WARNINGS} more`] : [];
  const lines = all.slice(0, SHOWN_WARNINGS).map((warning) => `- ${escapeMarkdown(warning.slice(0, 300))}`);
  return ['**Told on the way**', '', ...lines, ...more].join('\n');
}

function figure(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(4);
}
