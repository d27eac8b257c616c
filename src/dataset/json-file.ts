// A JSON file's records: an array of objects, one object, or (as many files on the Hub) JSON Lines under another ending.
// Files up to 64 MB are parsed at once; larger ones are streamed (tables.ts).
import { isUtf8 } from 'node:buffer';
import { errorMessage, FinalError } from '../errors.js';

/** Largest JSON text that is parsed at once, in bytes. */
export const MAX_JSON_BYTES = 64 * 2 ** 20;

/**
 * Records of a JSON text.
 *
 * @throws FinalError `InvalidData` with the line of what is broken.
 */
export function parseJsonRecords(bytes: Buffer, label: string): unknown[] {
  if (!isUtf8(bytes)) throw new FinalError('InvalidData', `dataset: ${label}: UTF-8 text is needed, got other bytes`);
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (text.trim() === '') return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch (error) {
    const lines = text.split('\n');
    if (lines.length > 1 && parses(lines[0] ?? '')) return linesOf(lines, label);
    const position = Number(/at position (\d+)/.exec(errorMessage(error))?.[1] ?? text.length);
    throw broken(label, text.slice(0, position).split('\n').length);
  }
}

function linesOf(lines: readonly string[], label: string): unknown[] {
  const records: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    try {
      records.push(JSON.parse(line));
    } catch {
      throw broken(label, index + 1);
    }
  }
  return records;
}

function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

/** The parser's own message quotes the text. */
function broken(label: string, line: number): FinalError {
  return new FinalError('InvalidData', `dataset: ${label}, line ${line}: broken JSON`);
}
