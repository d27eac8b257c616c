// The frame of every page: one HTML file that needs no network, no script and no other file, with a policy that forbids them.
import { html, trusted, type Html } from './html.js';
import { STYLE } from './style.js';

/** No scripts, no connections, no frames, no images: styles alone, and those inline. */
const CONTENT_POLICY = `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`;

/** A section of a page: its id, its title, what stands in it. */
export type Section = [id: string, title: string, content: Html];

/** Parts of a page. */
export interface Page {
  title: string;
  /** Where the first link leads, for who reads by keyboard: a section's id, and the link's words. */
  skip: { to: string; words: string };
  header: Html;
  sections: readonly Section[];
  /** Links to all sections above them. */
  hasContents?: boolean;
  /** Behind "Made by temporal-finetune", e.g. a date. */
  made?: string;
}

/** The whole page as text; the same parts give the same text. */
export function renderPage({ title, skip, header, sections, hasContents = false, made = '' }: Page): string {
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="referrer" content="no-referrer" />
      <title>${title}</title>
      <style>
        ${trusted(STYLE)}
      </style>
    </head>
    <body>
      <a class="skip" href="#${skip.to}">${skip.words}</a>
      ${header}
      <main>
        ${
          hasContents &&
          html`<nav aria-label="Contents">
            ${sections.map(([id, heading]) => html`<a href="#${id}">${heading}</a> `)}
          </nav>`
        }
        ${sections.map(
          ([id, heading, content]) =>
            html`<section id="${id}" aria-labelledby="${id}-heading">
              <h2 id="${id}-heading">${heading}</h2>
              ${content}
            </section> `,
        )}
      </main>
      <footer>Made by temporal-finetune${made}.</footer>
    </body>
  </html>`;
  return `<!doctype html>\n${page.markup}\n`;
}

/** Warnings as a list. */
export function warningList(warnings: readonly string[]): Html {
  return html`<ul class="panel warnings">
    ${warnings.map((warning) => html`<li>${warning}</li>`)}
  </ul>`;
}
