// HTML that cannot be broken by data: a template tag that escapes every value, unless the value is itself made by the tag.
// Nothing else in this room joins strings to HTML.
import escapeHtml from 'escape-html';

/** A piece of markup; only {@link html} and {@link trusted} make one. */
export class Html {
  constructor(readonly markup: string) {}
}

type Value = Html | string | number | null | undefined | false | readonly Value[];

/** Markup with every text among its values escaped; lists are joined, `null`, `undefined` and `false` give nothing. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(parts.reduce((markup, part, i) => markup + markupOf(values[i - 1]) + part));
}

/** Markup of the project's own making, such as a stylesheet or a plotted SVG; never for data. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

function markupOf(value: Value): string {
  if (value instanceof Html) return value.markup;
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(printable(String(value)));
  if (value === null || value === undefined || value === false) return '';
  return value.map(markupOf).join('');
}

/** Control characters and the marks that turn the direction of text are shown as a box, so that no text can disguise another. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\u25a1');
}
