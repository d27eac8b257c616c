// Texts for the Temporal UI, cut to what its server takes: a line's 200 bytes, a page's twenty kilobytes. Counted in bytes of UTF-8, and never
// cut inside a character.

const PAGE_BYTES = 19_000;
const ELLIPSIS = '…';

/** The text, or as much of it as fits into so many bytes with an ellipsis behind. */
export function fitBytes(text: string, limit: number): string {
  const characters = [...text];
  const sizes = characters.map(bytesOf);
  if (sizes.reduce((sum, size) => sum + size, 0) <= limit) return text;
  let left = limit - bytesOf(ELLIPSIS);
  const kept = sizes.findIndex((size) => (left -= size) < 0);
  return characters.slice(0, kept).join('') + ELLIPSIS;
}

/** The parts of a page that have something in them, as one text. */
export function joinParts(parts: readonly string[]): string {
  return fitBytes(parts.filter((part) => part !== '').join('\n\n'), PAGE_BYTES);
}

function bytesOf(character: string): number {
  const code = character.codePointAt(0)!;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
