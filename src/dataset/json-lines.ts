// JSON Lines: read with line numbers in every error, past memory; written in chunks. Lines end at \n alone (U+2028 is text).
// No error here or elsewhere in this room quotes a row: errors end up in a run's history, and whoever has the data has the line's number.
import { createReadStream } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { FinalError } from '../errors.js';

const MAX_LINE_BYTES = 64 * 2 ** 20;
const CHUNK_CHARACTERS = 1 << 18;

/** A parsed line and its number, from 1. */
export interface JsonLine {
  value: unknown;
  line: number;
}

/**
 * Reads a JSON Lines file in batches; blank lines are passed over.
 *
 * @param label The file's name, for messages.
 * @throws FinalError `InvalidData` with the line's number for a broken, overlong or non-UTF-8 line.
 */
export async function* readJsonLines(path: string, label: string): AsyncGenerator<JsonLine[]> {
  for await (const lines of readLines(path, label)) {
    yield lines.map(({ text, line }) => {
      try {
        return { value: JSON.parse(text) as unknown, line };
      } catch {
        throw invalid(label, line, `a JSON value is needed, got ${text.length} other characters`);
      }
    });
  }
}

/**
 * Reads a text file's lines in batches, trimmed; blank ones are passed over.
 *
 * @throws FinalError `InvalidData` with the line's number for an overlong or non-UTF-8 line.
 */
export async function* readLines(path: string, label: string): AsyncGenerator<{ text: string; line: number }[]> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;
  const decode = (bytes: Buffer, into: { text: string; line: number }[]): void => {
    line++;
    if (!isUtf8(bytes)) throw invalid(label, line, 'UTF-8 text is needed, got other bytes');
    const text = bytes.toString('utf8').trim();
    // trim() takes a byte order mark away too.
    if (text !== '') into.push({ text, line });
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    const batch: { text: string; line: number }[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      decode(restBytes > 0 ? Buffer.concat([...rest, chunk.subarray(start, end)]) : chunk.subarray(start, end), batch);
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
    }
    if (restBytes > MAX_LINE_BYTES) throw invalid(label, line + 1, `a line has at most ${MAX_LINE_BYTES} bytes`);
    if (batch.length > 0) yield batch;
  }
  if (restBytes > 0) {
    const batch: { text: string; line: number }[] = [];
    decode(Buffer.concat(rest), batch);
    if (batch.length > 0) yield batch;
  }
}

/** Turns texts (lines with their ends) into chunks of bytes, some hundred kilobytes each. */
export async function* chunked(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Buffer> {
  let pending = '';
  for await (const text of texts) {
    pending += text;
    if (pending.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(pending);
      pending = '';
    }
  }
  if (pending.length > 0) yield Buffer.from(pending);
}

function invalid(label: string, line: number, rule: string): FinalError {
  return new FinalError('InvalidData', `dataset: ${label}, line ${line}: ${rule}`);
}

/** What a value of the data is, without the value itself. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return value === null ? 'null' : 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `a text of ${value.length} characters`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
