// What the pages of sweeps and chains share: the heading with the bar, tables in code blocks (the page's own tables have no padding), the
// warnings at the end. Texts that come from data are escaped.
import type { SeveralProgress, ShortVerdict } from '../src/spec/comparison.js';
import { signed } from '../src/spec/figures.js';
import { escapeMarkdown } from '../src/spec/markdown.js';
import { duration } from './details.js';

const SHOWN_WARNINGS = 6;
const SHOWN_RUNNING = 4;

/** Name, what goes on, and how far it is. */
export function pageHeading(kind: string, progress: SeveralProgress): string {
  const { name, note, paused, stage, epochsDone, epochsPlanned, etaSeconds } = progress;
  const percent = stage === 'done' ? 100 : Math.round((99 * epochsDone) / Math.max(1, epochsPlanned));
  const facts = [
    `**${percent} %**`,
    `${epochsDone} of ${epochsPlanned} epochs`,
    ...(etaSeconds === undefined || stage !== 'train' ? [] : [`about ${duration(etaSeconds)} of training left`]),
  ];
  return [
    `### ${escapeMarkdown(name)} · ${kind} · ${paused ? 'paused, ' : ''}${escapeMarkdown(note)}`,
    '',
    `<progress value="${percent}" max="100"></progress> ${facts.join(' · ')}`,
  ].join('\n');
}

/** Where the runs that go on now are to be seen, and how the page is used; empty at the end. */
export function onTheWay({ running, stage }: SeveralProgress): string {
  if (stage === 'done') return '';
  const more = running.length > SHOWN_RUNNING ? [`and ${running.length - SHOWN_RUNNING} more`] : [];
  const ids = [...running.slice(0, SHOWN_RUNNING), ...more].join(', ');
  return [
    ...(running.length === 0 ? [] : [`running now, each with a page of its own under Relationships: ${ids}`]),
    'press R to refresh this page; pause and resume are under More Actions',
  ]
    .map((line) => `- ${escapeMarkdown(line)}`)
    .join('\n');
}

/** A change with its verdict, e.g. `+0.1856 improved`; a dash without one. */
export function change(verdict: Pick<ShortVerdict, 'verdict' | 'difference'> | undefined): string {
  return verdict ? `${signed(verdict.difference)} ${verdict.verdict}` : '–';
}

/** Rows of equal length as a code block; the first is the head. */
export function codeTable(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map((cell) => cell.replace(/[\r\n`]+/g, ' ')));
  const widths = safe[0]!.map((_, column) => Math.max(...safe.map((row) => row[column]!.length)));
  const lines = safe.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return ['```', ...lines, '```'].join('\n');
}

/** Warnings of all runs; the first few. */
export function warningLines({ warnings }: Pick<SeveralProgress, 'warnings'>): string {
  if (warnings.length === 0) return '';
  const more = warnings.length > SHOWN_WARNINGS ? [`- and ${warnings.length - SHOWN_WARNINGS} more`] : [];
  const lines = warnings.slice(0, SHOWN_WARNINGS).map((warning) => `- ${escapeMarkdown(warning.slice(0, 300))}`);
  return ['**Told on the way**', '', ...lines, ...more].join('\n');
}
