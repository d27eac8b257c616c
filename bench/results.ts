// What a row gave, as a table for the terminal, as JSON, and as a part of docs/benchmarks.md.
import { readFileSync, writeFileSync } from 'node:fs';
import Table from 'cli-table3';
import { misses, type Figure } from './row.js';

/** A row's figures with where and when they were taken. */
export interface RowResult {
  row: string;
  about: string;
  machine: string;
  /** UTC, to the day. */
  date: string;
  /** One-minute load of the machine before the row began. */
  load: number;
  command: string;
  seconds: number;
  figures: Figure[];
}

/** A table of one row's figures. */
export function showTable({ row, about, figures }: RowResult): string {
  const table = new Table({ head: ['', 'ours', 'theirs', 'ratio', 'goal'], style: { head: [], border: [] } });
  for (const figure of figures) table.push(cells(figure));
  return `${row}: ${about}\n${table.toString()}`;
}

function cells({ what, ours, theirs = '', ...figure }: Figure): string[] {
  const { value, goal } = figure;
  const shown = value === undefined ? '' : value < 0.01 ? value.toExponential(1) : value.toFixed(2);
  const limit = goal === undefined ? '' : 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`;
  return [what, ours, theirs, shown, `${limit}${misses({ what, ours, value, goal }) ? ' (missed)' : ''}`];
}

/** Puts a row's figures into the page, between its own marks; other rows stay. */
export function keepInPage(page: string, result: RowResult): void {
  const { row, about, machine, date, load, command, figures } = result;
  const [begin, end] = [`<!-- bench ${row} -->`, `<!-- /bench ${row} -->`];
  const content = [
    begin,
    `### ${row}`,
    `${about}. ${machine}; ${date}, load before ${load.toFixed(1)}. \`${command}\``,
    '',
    '| | ours | theirs | ratio | goal |',
    '|---|---|---|---|---|',
    ...figures.map((figure) => `| ${cells(figure).join(' | ')} |`),
    end,
  ].join('\n');
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  const before = from < 0 ? `${text.trimEnd()}\n\n` : text.slice(0, from);
  const after = from < 0 ? '\n' : text.slice(to + end.length);
  writeFileSync(page, `${before}${content}${after}`);
}
