// Cuts long text for a line, a label or a message. Counted in UTF-16 units as JavaScript counts; where bytes count, workflows/fit.ts does it.

/** The text, or the first of it with an ellipsis at the end: at most `length` long, and no character is cut in two. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
