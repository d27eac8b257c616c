// Parquet, CSV and large JSON through DuckDB, streamed. The database is in memory, one a file, and locked: it may read that one
// file, loads no extension, and its settings cannot be changed back.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { errorMessage, FinalError } from '../errors.js';
import type { Columns, Row } from './columns.js';
import { parseCsvHeader } from './csv-header.js';

const HEADER_BYTES = 1 << 18;
const MEMORY_LIMIT = '512MB';
const MAX_JSON_OBJECT_BYTES = 64 * 2 ** 20;
const [LF, CR, QUOTE] = [10, 13, 34];

/** A file on disk and the name that messages give it. */
export interface LabelledFile {
  path: string;
  label: string;
}

/**
 * Rows of a Parquet file, in file order.
 *
 * @throws FinalError `InvalidData` for a file that is cut short or damaged, or columns that are missing or no text.
 */
export function readParquet(file: LabelledFile, columns: Columns): AsyncGenerator<Row[]> {
  return readTable(file, columns, `read_parquet(${literal(file.path)}, binary_as_string = true)`);
}

/**
 * Rows of a CSV file (RFC 4180: quotes doubled inside quotes), in file order; its first record names the columns.
 *
 * @param delimiter Undefined: the one of `, ; tab |` that the header has most of.
 * @throws FinalError `InvalidData` for a record with more or fewer fields than the header, with its line; for other text than UTF-8, and
 * for line ends of several kinds where they keep a record from being read.
 */
export async function* readCsv(file: LabelledFile, columns: Columns, delimiter?: string): AsyncGenerator<Row[]> {
  const header = parseCsvHeader(textOf(await readStart(file.path), file.label), file.label, delimiter);
  const types = header.names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
  const options = `auto_detect = false, header = true, delim = ${literal(header.delimiter)}, quote = '"', escape = '"', strict_mode = true`;
  yield* readTable(file, columns, `read_csv(${literal(file.path)}, columns = {${types}}, ${options})`);
}

/** Records of a JSON file too large to be parsed at once: an array of objects, or objects one after the other. */
export async function* readLargeJson(file: LabelledFile): AsyncGenerator<unknown[]> {
  const start = (await readStart(file.path)).toString('utf8').trimStart(); // a byte order mark counts as white space
  const format = start.startsWith('[') ? 'array' : 'unstructured';
  const source = `read_json_objects(${literal(file.path)}, format = '${format}', maximum_object_size = ${MAX_JSON_OBJECT_BYTES})`;
  for await (const rows of stream(file, () => `SELECT json FROM ${source}`)) {
    yield rows.map(([json]) => JSON.parse(json ?? 'null') as unknown);
  }
}

async function* readTable(file: LabelledFile, columns: Columns, source: string): AsyncGenerator<Row[]> {
  yield* stream(file, async (connection) => {
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
    const there = (described.getRowsJson() as string[][]).map(([name = '', type = '']) => ({ name, type }));
    columns.ofTable(there, file.label);
    return `SELECT ${columns.names.map(quoted).join(', ')} FROM ${source}`;
  });
}

async function* stream(
  file: LabelledFile,
  query: (connection: DuckDBConnection) => string | Promise<string>,
): AsyncGenerator<Row[]> {
  const { connection, close } = await openLocked(file.path);
  try {
    const result = await connection.stream(await query(connection));
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      yield chunk.getRows() as Row[];
    }
  } catch (error) {
    if (error instanceof FinalError) throw error;
    throw (await mixedLineEnds(error, file)) ?? readError(error, file);
  } finally {
    close();
  }
}

/** A database in memory that may read one file and nothing else, whatever it is asked; close it at the end. */
export async function openLocked(path: string): Promise<{ connection: DuckDBConnection; close: () => void }> {
  // One thread: rows come in file order and errors name the same line every time.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: MEMORY_LIMIT });
  const connection = await instance.connect();
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    for (const setting of [
      `allowed_paths = [${literal(path)}]`,
      'autoinstall_known_extensions = false',
      'autoload_known_extensions = false',
      'allow_community_extensions = false',
      'enable_external_access = false',
      'lock_configuration = true',
    ]) {
      await connection.run(`SET ${setting}`);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { connection, close };
}

/**
 * What DuckDB says, in words of this project: no path of the store, no advice about options that a spec does not have, and nothing of the
 * rows that it quotes; so its own error is not kept as the cause.
 */
function readError(error: unknown, { path, label }: LabelledFile): FinalError {
  const message = errorMessage(error);
  const say = (rule: string): FinalError => new FinalError('InvalidData', `dataset: ${label}${rule}`);
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (line !== undefined) {
    const fields = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
    if (fields) return say(`, line ${line}: ${fields[1]} fields are needed, as in the header, got ${fields[2]}`);
    if (/unterminated quote/i.test(message)) return say(`, line ${line}: a quote is opened and never closed`);
    if (/unicode|utf-8/i.test(message)) return say(`, line ${line}: UTF-8 text is needed, got other bytes`);
    if (/Maximum line size/i.test(message)) return say(`, line ${line}: a record has at most 2 MB`);
    return say(`, line ${line}: a record that cannot be read`);
  }
  if (/Out of Memory/i.test(message)) {
    return new FinalError(
      'OutOfMemory',
      `dataset: ${label}: a part of it needs more than ${MEMORY_LIMIT} at once. Write it with smaller row groups.`,
    );
  }
  const record = /at byte \d+ in (?:record\/value|line) (\d+)/.exec(message)?.[1];
  if (record !== undefined) return say(`, record ${record}: broken JSON`);
  if (/maximum_object_size/.test(message)) return say(`: a JSON object has at most ${MAX_JSON_OBJECT_BYTES} bytes`);
  const codec = /Unsupported compression codec "(\w+)"\. Supported options are ([\w, ]+)/.exec(message);
  if (codec) return say(`: its compression is not read, got ${codec[1]}. Write it with ${codec[2]}`);
  if (/parquet|magic bytes|too small|snappy|zstd|gzip|thrift|TProtocol|Out of range|page/i.test(message)) {
    return say(`: a whole Parquet file is needed; this one is cut short, damaged or none. Fetch or write it again`);
  }
  return say(`: cannot be read: ${withoutQuotes(firstSentence(message.split(path).join(label)))}`);
}

function withoutQuotes(text: string): string {
  return text.replace(/"[^"]*"|'[^']*'/g, '…');
}

function firstSentence(text: string): string {
  return text.split('\n')[0]?.slice(0, 200) ?? '';
}

async function readStart(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The text of a CSV file's start; UTF-16 is told by its byte order mark, or by the zeros beside its first letters. */
function textOf(start: Buffer, label: string): string {
  const mark = start.length < 2 ? 0 : start.readUInt16BE(0);
  const zeros = start.subarray(0, 64).filter((byte) => byte === 0).length;
  if (mark === 0xfffe || mark === 0xfeff || zeros > 1) {
    throw new FinalError(
      'InvalidData',
      `dataset: ${label}: UTF-8 text is needed, got UTF-16. Save it as UTF-8 (in Excel as "CSV UTF-8"; or iconv -f UTF-16 -t UTF-8)`,
    );
  }
  return start.toString('utf8').replace(/^\uFEFF/, '');
}

/** In a file with several kinds of line end DuckDB loses its place in quotes and records; undefined where that cannot be the reason. */
async function mixedLineEnds(error: unknown, { path, label }: LabelledFile): Promise<FinalError | undefined> {
  if (!/unterminated quote|CSV Parser state machine/i.test(errorMessage(error))) return undefined;
  const kinds = await lineEndsOf(path);
  if (kinds.size < 2) return undefined;
  return new FinalError(
    'InvalidData',
    `dataset: ${label}: a record cannot be read: the file's lines end in ${[...kinds].sort().join(' and in ')}, or a quote is opened and never closed. Save it with one kind of line end (sed -i 's/\\r$//' makes \\r\\n to \\n)`,
  );
}

/** The kinds of line end outside quotes, until there are two. */
async function lineEndsOf(path: string): Promise<Set<string>> {
  const kinds = new Set<string>();
  let inQuotes = false;
  let last = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === QUOTE) inQuotes = !inQuotes;
      else if (!inQuotes && byte === LF) kinds.add(last === CR ? '\\r\\n' : '\\n');
      else if (!inQuotes && last === CR) kinds.add('\\r');
      if (kinds.size > 1) return kinds;
      last = inQuotes ? 0 : byte;
    }
  }
  return kinds;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
