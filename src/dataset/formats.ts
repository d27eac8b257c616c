// Which files hold rows, by their ending; the Hub's bookkeeping files do not.

/** Formats of a table. */
export type TableFormat = 'parquet' | 'jsonl' | 'json' | 'csv' | 'tsv';
/** A data file: a table, maybe compressed, or a zip of tables. */
export interface FileKind {
  format: TableFormat | 'zip';
  gzip: boolean;
}

/** Endings that are read, for messages. */
export const READABLE = '.parquet, .jsonl, .json, .csv, .tsv (also .gz), .zip';

const FORMATS: Record<string, FileKind['format']> = {
  parquet: 'parquet',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
  csv: 'csv',
  tsv: 'tsv',
  zip: 'zip',
};
const BOOKKEEPING =
  /^(dataset_infos?|dataset_dict|state|config|package(-lock)?|metadata)\.json$|^(README|LICENSE|dummy_data)\b/i;

/** The kind of a data file, or undefined for what holds no rows. */
export function kindOf(name: string): FileKind | undefined {
  const parts = name.split('/');
  const last = parts.at(-1) ?? '';
  if (BOOKKEEPING.test(last) || parts.some((part) => part.startsWith('.') || part === '__MACOSX')) return undefined;
  const gzip = /\.gz$/i.test(last);
  const format = FORMATS[/\.([a-z]+)$/i.exec(gzip ? last.slice(0, -3) : last)?.[1]?.toLowerCase() ?? ''];
  if (format === undefined || (gzip && (format === 'zip' || format === 'parquet'))) return undefined;
  return { format, gzip };
}
