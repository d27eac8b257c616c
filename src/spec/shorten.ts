// Cuts long text, with an ellipsis at its end and never inside a character: by length for lines, labels and messages, by bytes where the
// Temporal server counts those.

const ELLIPSIS = '…';

/** The text, or the first of it: at most `length` UTF-16 units, as JavaScript counts. */
export function shorten(text: string, length: number): string {
  return text.length > length ? text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '') + ELLIPSIS : text;
}

/** The text, or as much of it as fits into so many bytes of UTF-8. */
export function fitBytes(text: string, limit: number): string {
  const characters = [...text];
  const sizes = characters.map(bytesOf);
  if (sizes.reduce((sum, size) => sum + size, 0) <= limit) return text;
  let left = limit - bytesOf(ELLIPSIS);
  const kept = sizes.findIndex((size) => (left -= size) < 0);
  return characters.slice(0, kept).join('') + ELLIPSIS;
}

function bytesOf(character: string): number {
  const code = character.codePointAt(0)!;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
