// The report: one HTML file that needs no network, no script and no other file. It is put together from the parts beside it;
// every text from data passes through html.ts, and the page's own policy forbids scripts and connections besides.
import { duration, plural, count } from './format.js';
import { headline } from './headline.js';
import { html, type Html } from './html.js';
import { metricCharts } from './metric-charts.js';
import { metricsTable } from './metrics-table.js';
import { renderPage, warningList, type Section } from './page.js';
import { questions } from './questions.js';
import type { Fact, ReportData } from './report-data.js';
import { trainingCharts } from './training-charts.js';

/** Draws a report; the same data gives the same text. */
export async function renderReport(data: ReportData): Promise<string> {
  const sections: Section[] = [
    [
      'results',
      'Results',
      html`${metricsTable(data)}
        <div class="plots">${await metricCharts(data)}</div>`,
    ],
    ['questions', 'Questions that changed most', questions(data)],
    [
      'training',
      'Training',
      html`${trainingLine(data)}
        <div class="plots">${await trainingCharts(data)}</div>`,
    ],
    ['data', 'Data', html`${warnings(data.warnings)}${facts(data.data, 'What the model was trained and tested on')}`],
    ['settings', 'Settings and machine', settingsAndMachine(data)],
    ['use', 'How to load the model', html`${data.load.map(snippet)}`],
  ];
  return renderPage({
    title: `${data.name}: fine-tuning report`,
    skip: { to: 'results', words: 'Skip to the results' },
    header: headline(data),
    sections,
    hasContents: true,
    ...(data.madeAt !== undefined && { made: ` on ${data.madeAt}` }),
  });
}

function trainingLine({ training, epochs, publishedEpoch, keep }: ReportData): Html {
  const chosen =
    keep === 'best' ? `epoch ${publishedEpoch}, the best on the validation part` : `epoch ${publishedEpoch}`;
  return html`<p>
    ${plural(training.pairs, 'pair')} over ${plural(epochs.length, 'epoch')} in ${duration(training.seconds)}
    (${training.pairsPerSecond.toFixed(1)} pairs a second, at most ${count(training.peakMemoryMb)} MB of memory).
    Published: ${chosen}. Mean loss by epoch: ${epochs.map(({ meanLoss }) => meanLoss.toFixed(3)).join(', ')}.
  </p>`;
}

function warnings(list: readonly string[]): Html {
  if (list.length === 0) return html``;
  return html`<h3>Worth knowing</h3>
    ${warningList(list)}`;
}

function settingsAndMachine({ settings, machine }: ReportData): Html {
  return html`<div class="columns">
    <div>${facts(settings, 'Settings')}</div>
    <div>${facts(machine, 'Machine and program')}</div>
  </div>`;
}

function facts(list: readonly Fact[], caption: string): Html {
  return html`<div class="scroll">
    <table class="facts">
      <caption>
        ${caption}
      </caption>
      <tbody>
        ${list.map(
          ({ label, value, note }) =>
            html`<tr>
              <th scope="row">${label}</th>
              <td>${value}${note !== undefined && html`<br /><span class="fine">${note}</span>`}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function snippet({ program, code }: { program: string; code: string }): Html {
  return html`<h3>${program}</h3>
    <pre><code>${code}</code></pre>`;
}
