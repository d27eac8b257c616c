// Reads the rows of a split, file after file, whatever they come in: a table, a compressed table, a zip of tables.
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { errorMessage, FinalError } from '../errors.js';
import type { Columns, Row } from './columns.js';
import { detectSplits, filesOfSplit } from './detect-splits.js';
import { kindOf, type FileKind } from './formats.js';
import { MAX_JSON_BYTES, parseJsonRecords } from './json-file.js';
import { readJsonLines } from './json-lines.js';
import type { SnapshotFile } from './snapshot.js';
import { readCsv, readLargeJson, readParquet, type LabelledFile } from './tables.js';
import { ZipReader } from './zip.js';

const MAX_UNPACKED_BYTES = 64 * 2 ** 30;

/** What reading needs beside the files. */
export interface ReadSplitOptions {
  files: readonly SnapshotFile[];
  blobs: Record<string, BlobRef>;
  columns: Columns;
  context: StageContext;
}

/**
 * The split's rows in batches, in file order.
 *
 * @throws FinalError `InvalidData` for anything that cannot be read, naming file and line.
 */
export async function* readSplit({ files, blobs, columns, context }: ReadSplitOptions): AsyncGenerator<Row[]> {
  for (const file of files) {
    const ref = blobs[file.name];
    if (!ref) throw new Error(`readSplit: the snapshot has no blob ${file.name}`);
    const path = await context.store.blobPath(ref);
    const labelled = { path, label: file.name };
    const rows =
      file.format === 'zip'
        ? readZip(labelled, file.inner, columns, context)
        : readFileRows(labelled, file, columns, context);
    for await (const batch of rows) {
      context.signal.throwIfAborted();
      yield batch;
    }
  }
}

async function* readZip(
  { path, label }: LabelledFile,
  inner: string | undefined,
  columns: Columns,
  context: StageContext,
): AsyncGenerator<Row[]> {
  const zip = await ZipReader.open(path, label);
  try {
    const detected = detectSplits(zip.names);
    const names =
      inner === undefined ? [...detected.splits.values()].flat().sort() : filesOfSplit(detected, inner, label);
    for (const name of names) {
      const kind = kindOf(name);
      // A zip inside a zip is not opened.
      if (!kind || kind.format === 'zip') continue;
      const innerLabel = `${label} › ${name}`;
      if (kind.format === 'json' && !kind.gzip && zip.sizeOf(name) <= MAX_JSON_BYTES) {
        yield rowsOf(parseJsonRecords(await zip.read(name), innerLabel), columns, innerLabel);
        continue;
      }
      yield* throughScratch(
        context,
        'zip',
        (scratch) => zip.extract(name, scratch),
        (scratch) => readFileRows({ path: scratch, label: innerLabel }, kind, columns, context),
      );
    }
  } finally {
    zip.close();
  }
}

async function* readFileRows(
  file: LabelledFile,
  kind: FileKind,
  columns: Columns,
  context: StageContext,
): AsyncGenerator<Row[]> {
  if (kind.gzip) {
    yield* throughScratch(
      context,
      'gunzip',
      (scratch) => gunzip(file, scratch),
      (scratch) => readFileRows({ path: scratch, label: file.label }, { ...kind, gzip: false }, columns, context),
    );
  } else if (kind.format === 'parquet') yield* readParquet(file, columns);
  else if (kind.format === 'csv') yield* readCsv(file, columns);
  else if (kind.format === 'tsv') yield* readCsv(file, columns, '\t');
  else if (kind.format === 'jsonl') {
    for await (const batch of readJsonLines(file.path, file.label)) {
      yield batch.map(({ value, line }) => columns.ofRecord(value, () => `${file.label}, line ${line}`));
    }
  } else if ((await stat(file.path)).size <= MAX_JSON_BYTES) {
    yield rowsOf(parseJsonRecords(await readFile(file.path), file.label), columns, file.label);
  } else {
    let first = 0;
    for await (const records of readLargeJson(file)) {
      yield rowsOf(records, columns, file.label, first);
      first += records.length;
    }
  }
}

function rowsOf(records: readonly unknown[], columns: Columns, label: string, first = 0): Row[] {
  return records.map((record, index) => columns.ofRecord(record, () => `${label}, record ${first + index + 1}`));
}

async function* throughScratch(
  { store }: StageContext,
  purpose: string,
  write: (scratch: string) => Promise<void>,
  read: (scratch: string) => AsyncGenerator<Row[]>,
): AsyncGenerator<Row[]> {
  const scratch = await store.temporaryPath(purpose);
  try {
    await write(scratch);
    yield* read(scratch);
  } finally {
    await rm(scratch, { force: true });
  }
}

async function gunzip({ path, label }: LabelledFile, target: string): Promise<void> {
  let bytes = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > MAX_UNPACKED_BYTES ? new Error(`it unpacks to more than ${MAX_UNPACKED_BYTES} bytes`) : null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(path), createGunzip(), limit, createWriteStream(target, { mode: 0o600 }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    throw new FinalError('InvalidData', `dataset: ${label}: a sound gzip file is needed (${errorMessage(error)})`, {
      cause: error,
    });
  }
}
