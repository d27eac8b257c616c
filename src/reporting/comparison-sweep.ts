// The comparison of a sweep: who won on the validation part, a table of all trials, the validation figures by epoch (where the lines end is
// where a trial was stopped), and what the choice looks like on the test part, which had no say.
import { basename } from 'node:path';
import type { SweepComparison, TrialOutcome, TrialRow } from '../spec/comparison.js';
import { figure, epochAxis } from './chart.js';
import { comparisonPage, figureCell, verdictCell } from './comparison-page.js';
import { duration, metric, plural } from './format.js';
import { html, type Html } from './html.js';

const OUTCOMES: Record<TrialOutcome, string> = {
  best: 'best, published',
  finished: 'trained to its end',
  stopped: 'stopped',
  failed: 'failed',
};
/** Lines in colour; the others are grey. */
const COLOURED = ['var(--after)', 'var(--bad)', 'var(--third)'];

/** Draws the page of a sweep. */
export async function renderSweep(comparison: SweepComparison): Promise<string> {
  const { name, dataset, rows, rounds, warnings } = comparison;
  const best = rows.find(({ outcome }) => outcome === 'best');
  return comparisonPage({
    name,
    over: `Sweep of ${plural(rows.length, 'trial')} on ${dataset}`,
    lead: leadOf(comparison, best),
    tone: best?.verdict?.verdict ?? 'unclear',
    warnings,
    sections: [
      [
        'trials',
        'Trials',
        html`<p class="note">${how(rounds)}</p>
          ${table(rows)}`,
      ],
      ['curves', 'Validation by epoch', html`<div class="plots">${await curves(comparison)}</div>`],
    ],
  });
}

/** Best first, then by the figure that they were chosen by, the longest trained first. */
export function ranked(rows: readonly TrialRow[]): TrialRow[] {
  const order: TrialOutcome[] = ['best', 'finished', 'stopped', 'failed'];
  return [...rows].sort(
    (a, b) =>
      order.indexOf(a.outcome) - order.indexOf(b.outcome) ||
      b.epochs - a.epochs ||
      (b.validation ?? -1) - (a.validation ?? -1) ||
      a.trial - b.trial,
  );
}

function leadOf({ model }: SweepComparison, best: TrialRow | undefined): string {
  if (!best) return 'No trial was trained to its end.';
  const choice = `Trial ${best.trial} (${best.label}) is best on the validation part, with NDCG@10 ${metric(best.validation ?? 0)} after epoch ${best.bestEpoch}.`;
  const test =
    best.before === undefined || best.after === undefined
      ? ''
      : ` On the test part, which had no say in the choice, NDCG@10 went from ${metric(best.before)} to ${metric(best.after)}.`;
  return choice + test + (model === undefined ? '' : ` Its model: ${basename(model)}`);
}

function how(rounds: readonly number[]): string {
  const chosen = 'Trials are compared by NDCG@10 on the validation part, each by its best epoch so far.';
  if (rounds.length === 1) return `${chosen} All were to be trained to their end.`;
  return `${chosen} After ${rounds.slice(0, -1).join(', ')} of ${plural(rounds.at(-1)!, 'epoch')} the weaker ones were trained no further; the others went on from their checkpoints under the schedule of the whole training.`;
}

function table(rows: readonly TrialRow[]): Html {
  return html`<div class="scroll">
    <table class="figures">
      <caption>
        NDCG@10; the change with its 95 % interval is of the test part, against the trial's own base model
      </caption>
      <thead>
        <tr>
          <th scope="col">Trial</th>
          <th scope="col">Outcome</th>
          <th scope="col">Epochs</th>
          <th scope="col">Validation</th>
          <th scope="col">Best epoch</th>
          <th scope="col">Test before</th>
          <th scope="col">Test after</th>
          <th scope="col">Change</th>
          <th scope="col">Training</th>
        </tr>
      </thead>
      <tbody>
        ${ranked(rows).map(tableRow)}
      </tbody>
    </table>
  </div>`;
}

function tableRow(row: TrialRow): Html {
  const strong = row.outcome === 'best';
  return html`<tr>
    <th scope="row">
      ${row.trial}. ${row.label}
      ${row.error && html`<br /><span class="fine">${row.error.type}: ${row.error.message}</span>`}
    </th>
    <td>${strong && row.error ? 'best, not published' : OUTCOMES[row.outcome]}</td>
    <td>${row.epochs}</td>
    ${figureCell(row.validation, { strong })}
    <td>${row.bestEpoch ?? '–'}</td>
    ${figureCell(row.before)} ${figureCell(row.after)} ${verdictCell(row.verdict)}
    <td>${row.seconds === undefined ? '–' : duration(row.seconds)}</td>
  </tr>`;
}

async function curves({ rows, curves: points, rounds }: SweepComparison): Promise<Html> {
  const order = ranked(rows).filter(({ trial }) => points[trial - 1]!.length > 0);
  if (order.length === 0) return html``;
  const epochs = [...new Set(points.flat().map(([epoch]) => epoch))].sort((a, b) => a - b);
  const x = { field: 'x', type: 'quantitative', title: 'epoch', axis: epochAxis(epochs), scale: { nice: false } };
  const y = { field: 'y', type: 'quantitative', title: 'NDCG@10', scale: { zero: false, nice: true } };
  const colourOf = (place: number): string => COLOURED[place] ?? 'var(--faint)';
  const lines = order.map(({ trial }, place) => ({
    data: { values: points[trial - 1]!.map(([epoch, value]) => ({ x: epoch, y: value })) },
    mark: {
      type: 'line',
      stroke: colourOf(place),
      strokeWidth: place === 0 ? 3.5 : 1.8,
      point: { fill: colourOf(place), size: place === 0 ? 50 : 25 },
    },
    encoding: { x, y },
  }));
  return figure({
    id: 'validation',
    title: 'NDCG@10 on the validation part',
    description:
      order
        .slice(0, COLOURED.length)
        .map(({ trial, validation }) => `Trial ${trial}: ${metric(validation ?? 0)}`)
        .join(', ') +
      (order.length > COLOURED.length ? `; ${plural(order.length - COLOURED.length, 'other')} in grey` : '') +
      `. A line that ends early is a trial that was stopped (rounds end after ${rounds.join(', ')} epochs).`,
    legend: order
      .slice(0, COLOURED.length)
      .map(({ trial, label }, place) => ({ colour: colourOf(place), label: `${trial}. ${label}` })),
    width: 760,
    height: 320,
    // The best one is drawn last, on top.
    spec: { layer: lines.reverse() },
  });
}
