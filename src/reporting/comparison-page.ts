// The frame of a comparison's page: one HTML file that needs no network, no script and no other file, with the report's own style and policy.
import type { ShortVerdict } from '../spec/comparison.js';
import { signed } from './format.js';
import { html, trusted, type Html } from './html.js';
import { contentPolicy } from './report.js';
import { STYLE } from './style.js';

/** Parts of the page. */
export interface ComparisonPage {
  name: string;
  /** What is compared, above the title. */
  over: string;
  /** The outcome in a sentence or two. */
  lead: string;
  /** Good news, or not (yet). */
  tone: 'improved' | 'unclear' | 'worse';
  sections: [id: string, title: string, content: Html][];
  warnings: readonly string[];
}

/** The whole page as text; the same parts give the same text. */
export function comparisonPage({ name, over, lead, tone, sections, warnings }: ComparisonPage): string {
  const all: ComparisonPage['sections'] =
    warnings.length === 0
      ? sections
      : [
          ...sections,
          [
            'warnings',
            'Worth knowing',
            html`<ul class="panel warnings">
              ${warnings.map((warning) => html`<li>${warning}</li>`)}
            </ul>`,
          ],
        ];
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${contentPolicy()}" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="referrer" content="no-referrer" />
      <title>${name}: comparison</title>
      <style>
        ${trusted(STYLE)}
      </style>
    </head>
    <body>
      <a class="skip" href="#${all[0]![0]}">Skip to the table</a>
      <header>
        <p class="over">${over}</p>
        <h1>${name}</h1>
        <div class="verdict ${tone}"><p class="lead">${lead}</p></div>
      </header>
      <main>
        ${all.map(
          ([id, title, content]) =>
            html`<section id="${id}" aria-labelledby="${id}-heading">
              <h2 id="${id}-heading">${title}</h2>
              ${content}
            </section> `,
        )}
      </main>
      <footer>Made by temporal-finetune.</footer>
    </body>
  </html>`;
  return `<!doctype html>\n${page.markup}\n`;
}

/** `+0.120 (+0.080 to +0.160), improved`, or a dash. */
export function verdictCell(verdict: ShortVerdict | undefined): Html {
  if (!verdict) return html`<td>–</td>`;
  const { difference, interval, verdict: word } = verdict;
  return html`<td class="${word === 'improved' ? 'up' : word === 'worse' ? 'down' : ''}">
    ${signed(difference)} <span class="fine">(${signed(interval[0])} to ${signed(interval[1])}) ${word}</span>
  </td>`;
}

/** A figure with three decimals, or a dash. */
export function figureCell(value: number | undefined, { strong = false } = {}): Html {
  const text = value === undefined ? '–' : value.toFixed(3);
  return strong ? html`<td><b>${text}</b></td>` : html`<td>${text}</td>`;
}
