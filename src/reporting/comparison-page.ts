// The page of a comparison, in the frame of every page (page.ts), and the cells that its tables share.
import type { ShortVerdict } from '../spec/comparison.js';
import { signed } from './format.js';
import { html, type Html } from './html.js';
import { renderPage, warningList, type Section } from './page.js';

/** Parts of the page. */
export interface ComparisonPage {
  name: string;
  /** What is compared, above the title. */
  over: string;
  /** The outcome in a sentence or two. */
  lead: string;
  /** Good news, or not (yet). */
  tone: 'improved' | 'unclear' | 'worse';
  sections: Section[];
  warnings: readonly string[];
}

/** The whole page as text; the same parts give the same text. */
export function comparisonPage({ name, over, lead, tone, sections, warnings }: ComparisonPage): string {
  const all: readonly Section[] =
    warnings.length === 0 ? sections : [...sections, ['warnings', 'Worth knowing', warningList(warnings)]];
  return renderPage({
    title: `${name}: comparison`,
    skip: { to: all[0]![0], words: 'Skip to the table' },
    header: html`<header>
      <p class="over">${over}</p>
      <h1>${name}</h1>
      <div class="verdict ${tone}"><p class="lead">${lead}</p></div>
    </header>`,
    sections: all,
  });
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
