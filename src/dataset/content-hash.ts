// What content is known by: a normal form of texts for comparing, a fraction of a hash for splitting, ids that look like uuids.
import { hash } from 'node:crypto';

/**
 * The form in which two texts count as the same: Unicode NFKC, lower case, runs of white space as one space, none at the ends.
 * Punctuation and accents stay.
 */
export function normalise(text: string): string {
  return spaced(text.normalize('NFKC').toLowerCase());
}

/** The text with runs of white space as one space, none at the ends. */
export function spaced(text: string): string {
  // Single spaces are passed over: to replace each by itself takes five times as long.
  return text.replace(/ \s+|[^\S ]\s*/gu, ' ').trim();
}

/** A number in [0, 1) that follows from a text alone: the first 48 bits of its SHA-256. */
export function hashFraction(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, 6) / 2 ** 48;
}

/** A short key for sets of many texts: SHA-256 as 32 one-byte characters. */
export function hashKey(text: string): string {
  return hash('sha256', text, 'binary');
}

/**
 * An id that looks like a uuid (version 8, RFC 9562) and follows from content.
 *
 * @param kind Keeps a question and a document of the same text apart.
 */
export function contentId(kind: 'query' | 'document', text: string): string {
  const hex = hash('sha256', `${kind}\n${text}`);
  const variant = ((parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  // In one piece: V8 keeps a text that was put together as a tree of its parts, ten times as large, and a corpus holds millions of ids.
  return Buffer.from(id, 'latin1').toString('latin1');
}

/** Numbers in [0, count) that follow from a text alone, one after the other (SHA-256 in counter mode). */
export function* drawsOf(seed: string): Generator<number, never, number> {
  let count = yield 0;
  for (let block = 0; ; block++) {
    const bytes = hash('sha256', `${seed}\n${block}`, 'buffer');
    for (let offset = 0; offset < bytes.length; offset += 4) {
      count = yield Math.floor((bytes.readUInt32BE(offset) / 2 ** 32) * count);
    }
  }
}
