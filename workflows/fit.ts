// A page of the Temporal UI, cut to the twenty kilobytes that its server takes.
import { fitBytes } from '../src/spec/shorten.js';

const PAGE_BYTES = 19_000;

/** The parts of a page that have something in them, as one text. */
export function joinParts(parts: readonly string[]): string {
  return fitBytes(parts.filter((part) => part !== '').join('\n\n'), PAGE_BYTES);
}
