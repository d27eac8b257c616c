// What stands at the end of a sweep or a chain: the table of all runs, and where everything is.
import Table from 'cli-table3';
import colors from 'picocolors';
import type { ChainResult, ShortVerdict, SweepResult, TrialRow } from '../spec/comparison.js';
import { figure, signed } from '../spec/figures.js';
import type { TrialResult } from '../../workflows/trial.js';
import { howToUse, verdictInWords } from './summary.js';

const STYLE = { head: [], border: [], compact: true };

/** The summary of a complete sweep. */
export function sweepSummary({ best, trials, report, warnings }: SweepResult, uiPage?: string): string {
  const table = new Table({
    head: ['trial', 'settings', 'epochs', 'validation', 'test before', 'after', 'change', ''],
    colAligns: ['right', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: STYLE,
  });
  for (const row of trials) {
    const { trial, label, epochs, validation, before, after, verdict } = row;
    table.push([trial, label, epochs, figure(validation), figure(before), figure(after), change(verdict), ending(row)]);
  }
  return [
    '',
    table.toString(),
    'NDCG@10. Trials are chosen by the validation part; the test part has no say.',
    '',
    `${colors.bold('Best   ')}  trial ${best.trial}: ${best.label}`,
    `${colors.bold('Verdict')}  ${verdictInWords(best.verdict)}`,
    ...warnings.map((warning) => `${colors.yellow('!')} ${warning}`),
    '',
    ...places({ model: best.model.path, comparison: report, report: best.report }, uiPage),
    '',
    howToUse(best.model.path),
  ].join('\n');
}

/** The summary of a trial, which publishes nothing. */
export function trialSummary({ epochs, bestEpoch, validation, before, after }: TrialResult): string {
  return [
    `A trial of a sweep, trained to the end of epoch ${epochs}; nothing is published by it.`,
    `NDCG@10 on the validation part: ${figure(validation)} (epoch ${bestEpoch}); on the test part: ${figure(before.metrics['ndcg@10'])} before, ${figure(after.metrics['ndcg@10'])} after.`,
  ].join('\n');
}

/** The summary of a complete chain. */
export function chainSummary({ base, model, steps, matrix, report, warnings }: ChainResult, uiPage?: string): string {
  const table = new Table({
    head: ['model', ...steps.map(({ step, name }) => `${step}. ${name}`)],
    colAligns: ['left', ...steps.map(() => 'right' as const)],
    style: STYLE,
  });
  matrix.forEach((figures, index) => {
    const name = index === 0 ? `${base} (the original base)` : `after step ${index}`;
    table.push([
      name,
      ...figures.map((value, part) => (part === index - 1 ? colors.bold(figure(value)) : figure(value))),
    ]);
  });
  return [
    '',
    table.toString(),
    'NDCG@10 of every model on every step’s test part.',
    '',
    ...steps.map(
      ({ step, name, verdict, verdictFromBase }) =>
        `${colors.bold(`Step ${step}`)}  ${name}: ${change(verdict)} by the step, ${change(verdictFromBase)} from the original base`,
    ),
    ...warnings.map((warning) => `${colors.yellow('!')} ${warning}`),
    '',
    ...places({ model: model.path, comparison: report }, uiPage),
    '',
    howToUse(model.path),
  ].join('\n');
}

function places(of: { model: string; comparison: string; report?: string }, uiPage: string | undefined): string[] {
  return [
    `${colors.bold('Model     ')}  ${of.model}`,
    `${colors.bold('Comparison')}  ${of.comparison}`,
    ...(of.report === undefined ? [] : [`${colors.bold('Report    ')}  ${of.report}`]),
    ...(uiPage === undefined ? [] : [`${colors.bold('UI        ')}  ${uiPage}`]),
  ];
}

function ending({ outcome, error }: TrialRow): string {
  if (error) return `${outcome}: ${error.type}`;
  return outcome === 'best' ? colors.green('best') : outcome;
}

function change(verdict: ShortVerdict | undefined): string {
  if (!verdict) return '–';
  const { difference, verdict: word } = verdict;
  return `${signed(difference)} ${word}`;
}
