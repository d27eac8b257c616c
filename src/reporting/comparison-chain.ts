// The comparison of a chain: each step's model against the one it began with and against the original base model, and all models on all
// test parts, which shows what a step made a model forget.
import { basename } from 'node:path';
import type { ChainComparison, StepRow } from '../spec/comparison.js';
import { epochAxis, figure } from './chart.js';
import { comparisonPage, figureCell, verdictCell } from './comparison-page.js';
import { metric, plural, signed } from './format.js';
import { html, type Html } from './html.js';

const COLOURS = ['var(--after)', 'var(--bad)', 'var(--third)', 'var(--muted)', 'var(--faint)'];

/** Draws the page of a chain. */
export async function renderChain(comparison: ChainComparison): Promise<string> {
  const { name, base, rows, matrix, warnings } = comparison;
  const last = rows.filter(({ after }) => after !== undefined).at(-1);
  return comparisonPage({
    name,
    over: `Chain of ${plural(rows.length, 'step')} from ${base}`,
    lead: leadOf(comparison, last),
    tone: last?.verdictFromBase?.verdict ?? 'unclear',
    warnings,
    sections: [
      ['steps', 'Steps', steps(rows)],
      [
        'matrix',
        'Every model on every test part',
        html`<p class="note">
            A row is a model, a column a test part. Below a step's own figure stands what later steps left of it.
          </p>
          ${matrixTable(comparison)}
          <div class="plots">${matrix.length > 1 && (await plot(comparison))}</div>`,
      ],
    ],
  });
}

/** Names of the models: the base, then one a step. */
function modelNames({ base, rows, matrix }: Pick<ChainComparison, 'base' | 'rows' | 'matrix'>): string[] {
  return [base, ...rows.map(({ step, name }) => `after ${step}. ${name}`)].slice(0, matrix.length);
}

function leadOf({ rows }: ChainComparison, last: StepRow | undefined): string {
  if (!last) return 'No step was made.';
  const failed = rows.find(({ error }) => error);
  const figures = `After step ${last.step} (${last.name}) NDCG@10 on its test part is ${metric(last.after!)}; the original base model reaches ${metric(last.base!)} there.`;
  return failed ? `${figures} Step ${failed.step} (${failed.name}) failed.` : figures;
}

function steps(rows: readonly StepRow[]): Html {
  return html`<div class="scroll">
    <table class="figures">
      <caption>
        NDCG@10 on the step's own test part; changes with their 95 % interval
      </caption>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Original base</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
          <th scope="col">Change by the step</th>
          <th scope="col">Change from the base</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <th scope="row">
                ${row.step}. ${row.name}
                ${row.model && html`<br /><span class="fine">${basename(row.model.path)}</span>`}
                ${row.error && html`<br /><span class="fine">${row.error.type}: ${row.error.message}</span>`}
              </th>
              ${figureCell(row.base)} ${figureCell(row.before)} ${figureCell(row.after, { strong: true })}
              ${verdictCell(row.verdict)} ${verdictCell(row.verdictFromBase)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function matrixTable(comparison: ChainComparison): Html {
  const { rows, matrix } = comparison;
  const names = modelNames(comparison);
  return html`<div class="scroll">
    <table class="figures">
      <caption>
        NDCG@10, and the change against the original base model
      </caption>
      <thead>
        <tr>
          <th scope="col">Model</th>
          ${rows.map(({ step, name }) => html`<th scope="col">${step}. ${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${matrix.map(
          (figures, model) =>
            html`<tr>
              <th scope="row">${names[model]}</th>
              ${figures.map((value, part) => {
                const change = value - matrix[0]![part]!;
                const shown = part === model - 1 ? html`<b>${metric(value)}</b>` : html`${metric(value)}`;
                return html`<td>
                  ${shown}
                  ${
                    model > 0 &&
                    html`<span class="fine ${change > 0 ? 'up' : change < 0 ? 'down' : ''}">${signed(change)}</span>`
                  }
                </td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function plot(comparison: ChainComparison): Promise<Html> {
  const { rows, matrix } = comparison;
  const names = modelNames(comparison);
  const colourOf = (part: number): string => COLOURS[Math.min(part, COLOURS.length - 1)]!;
  const x = {
    field: 'x',
    type: 'quantitative',
    title: 'steps made (0 = the original base model)',
    axis: epochAxis(names.map((_, model) => model)),
    scale: { domain: [0, names.length - 1], nice: false },
  };
  const y = { field: 'y', type: 'quantitative', title: 'NDCG@10', scale: { zero: false, nice: true } };
  return figure({
    id: 'forgetting',
    title: 'What each step taught, and what it made forget',
    description: rows
      .map(
        ({ name }, part) =>
          `${name}: ${metric(matrix[0]![part]!)} before the first step, ${metric(matrix.at(-1)![part]!)} after the last`,
      )
      .join('; '),
    legend: rows.map(({ step, name }, part) => ({ colour: colourOf(part), label: `test part of ${step}. ${name}` })),
    width: 760,
    height: 300,
    spec: {
      layer: rows.map((_, part) => ({
        data: { values: matrix.map((figures, model) => ({ x: model, y: figures[part] })) },
        mark: { type: 'line', stroke: colourOf(part), strokeWidth: 2.5, point: { fill: colourOf(part), size: 45 } },
        encoding: { x, y },
      })),
    },
  });
}
