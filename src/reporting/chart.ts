// Draws a vega-lite plot to an SVG that lives inside the page: no script, no font and no colour of its own (colours are the page's
// CSS variables, so that they follow its light and dark theme), and a title and description for those who cannot see it.
import { compile, type TopLevelSpec } from 'vega-lite';
import { parse, View } from 'vega';
import { thinned } from './smooth.js';
import { html, trusted, type Html } from './html.js';

/** A plot: a vega-lite spec without size, and the words that go with it. */
export interface Chart {
  /** Unique in the page, letters and dashes. */
  id: string;
  title: string;
  /** What the plot shows, in a sentence: the alternative to seeing it, and its caption. */
  description: string;
  /** Marks and their meaning, in place of a legend. */
  legend?: { colour: string; label: string; dashed?: boolean }[];
  spec: object;
  width?: number;
  height?: number;
}

const axis = {
  labelColor: 'var(--muted)',
  titleColor: 'var(--muted)',
  titleFontWeight: 'normal',
  gridColor: 'var(--line)',
  domainColor: 'var(--line)',
  tickColor: 'var(--line)',
  labelFontSize: 13,
  titleFontSize: 13,
  titlePadding: 8,
  tickCount: 5,
} as const;

/** The plot as a figure with heading, legend and caption. */
export async function figure(chart: Chart): Promise<Html> {
  const { id, title, description, legend = [] } = chart;
  return html`<figure aria-labelledby="${id}-title">
    <h3 id="${id}-title">${title}</h3>
    ${
      legend.length > 0 &&
      html`<p class="legend" aria-hidden="true">
        ${legend.map(
          ({ colour, label, dashed }) =>
            html`<span><i style="border-top:3px ${dashed ? 'dashed' : 'solid'} ${colour}"></i>${label}</span> `,
        )}
      </p>`
    }
    ${await svg(chart)}
    <figcaption>${description}</figcaption>
  </figure>`;
}

/** An axis with a mark at every epoch, or at nine of many. */
export function epochAxis(epochs: readonly number[]): object {
  return {
    values: thinned(epochs, 9),
    tickCount: 9,
    tickMinStep: 0.5,
    format: 'd',
    labelOverlap: false,
    labelFlush: false,
  };
}

/** The plot alone. */
export async function svg({ id, title, description, spec, width = 460, height = 240 }: Chart): Promise<Html> {
  const compiled = compile({
    width,
    height,
    autosize: { type: 'fit', contains: 'padding' },
    background: 'transparent',
    padding: 4,
    ...spec,
    config: {
      font: 'inherit',
      aria: false,
      axis,
      view: { stroke: null },
      rule: { color: 'var(--muted)' },
      legend: { disable: true },
    },
  } as unknown as TopLevelSpec).spec;
  const view = new View(parse(compiled), { renderer: 'none' });
  try {
    const drawn = await view.toSVG();
    return inline(drawn, id, html`<title>${title}</title><desc>${description}</desc>`);
  } finally {
    view.finalize();
  }
}

/** Takes the size off (the page's style sets it) and makes ids unique in the page. */
function inline(drawn: string, id: string, words: Html): Html {
  const viewBox = /viewBox="([\d .-]+)"/.exec(drawn)?.[1] ?? '0 0 460 240';
  const body = drawn
    .slice(drawn.indexOf('>', drawn.indexOf('<svg')) + 1)
    .replace(/(\bid="|url\(#|href="#)/g, `$1${id}-`);
  return trusted(`<svg role="img" viewBox="${viewBox}" preserveAspectRatio="xMinYMin meet">${words.markup}${body}`);
}
