// Transform: maps a dataset's columns to question and answer, takes literal texts out, and drops rows that have no question or no
// answer. Rows keep the order of the files.
import { remember, readArtifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import { isReadyDataset, type TableDatasetSpec } from '../spec/spec.js';
import type { TransformInput, TransformResult } from '../spec/preparation-stages.js';
import { Columns, type Row } from './columns.js';
import { chunked } from './json-lines.js';
import { pairLine, type PairsFacts } from './pairs.js';
import { readSplit } from './read-split.js';
import type { DatasetSnapshotFacts, SnapshotFile } from './snapshot.js';

const VERSION = 1;
const REPORT_EVERY_ROWS = 20_000;

type SplitFacts = PairsFacts['splits'][number];

/**
 * Transforms a snapshot into pairs.
 *
 * @throws FinalError `InvalidData` for missing columns, values that are no strings, broken files, and splits without any pair.
 */
export async function transformPairs(input: TransformInput, context: StageContext): Promise<TransformResult> {
  const { dataset } = input;
  if (isReadyDataset(dataset)) throw new Error('transformPairs: ready files are not transformed');
  const { columns, separator, strip } = dataset;
  const { kind, key, facts } = await remember<PairsFacts>({
    store: context.store,
    kind: 'pairs',
    version: VERSION,
    inputs: { snapshot: input.snapshot.key, columns, separator, strip },
    make: async () => {
      const snapshot = await readArtifact<DatasetSnapshotFacts>(context.store, input.snapshot);
      const blobs: Record<string, BlobRef> = {};
      const splits: SplitFacts[] = [];
      for (const [index, { name, files }] of (snapshot.facts.splits ?? []).entries()) {
        const split: SplitFacts = { name, blob: `${index}.jsonl`, rows: 0, kept: 0, dropped: {} };
        const lines = transformedLines({ files, blobs: snapshot.blobs, dataset, split, context });
        blobs[split.blob] = await context.store.putBytes(chunked(lines));
        splits.push(split);
      }
      return { blobs, facts: { splits } };
    },
  });
  return {
    artifact: { kind, key },
    splits: Object.fromEntries(facts.splits.map(({ name, rows, kept, dropped }) => [name, { rows, kept, dropped }])),
  };
}

interface TransformSplit {
  files: readonly SnapshotFile[];
  blobs: Record<string, BlobRef>;
  dataset: TableDatasetSpec;
  split: SplitFacts;
  context: StageContext;
}

/** Lines of a split's pairs; counts into `split` as it goes. */
async function* transformedLines({ files, blobs, dataset, split, context }: TransformSplit): AsyncGenerator<string> {
  const columns = new Columns(dataset.columns.question, dataset.columns.answer);
  const ask = joiner(columns, dataset.columns.question, dataset);
  const answerOf = joiner(columns, dataset.columns.answer, dataset);
  const drop = (reason: string): void => {
    split.dropped[reason] = (split.dropped[reason] ?? 0) + 1;
  };
  let reported = 0;
  for await (const batch of readSplit({ files, blobs, columns, context })) {
    let lines = '';
    for (const row of batch) {
      split.rows++;
      const question = ask(row);
      const answer = answerOf(row);
      if (answer.trim() === '') drop('empty answer');
      else if (question.trim() === '') drop('empty question');
      else {
        split.kept++;
        lines += pairLine({ question, answer });
      }
    }
    yield lines;
    if (split.rows - reported >= REPORT_EVERY_ROWS) {
      reported = split.rows;
      context.progress({ stage: 'transform', done: split.rows, total: split.rows, unit: 'rows', note: split.name });
    }
  }
  columns.finish(`split ${split.name}`);
  checkKept(split, dataset);
  context.progress({ stage: 'transform', done: split.rows, total: split.rows, unit: 'rows', note: split.name });
}

/**
 * The text of some columns of a row: those that are not empty, joined, with every literal of `strip` replaced by nothing.
 */
function joiner(
  columns: Columns,
  names: readonly string[],
  { separator, strip }: Pick<TableDatasetSpec, 'separator' | 'strip'>,
): (row: Row) => string {
  const indices = names.map((name) => columns.names.indexOf(name));
  return (row) => {
    const parts = indices.map((index) => row[index] ?? '').filter((text) => text.trim() !== '');
    return strip.reduce((text, literal) => text.replaceAll(literal, ''), parts.join(separator));
  };
}

function checkKept({ name, rows, kept, dropped }: SplitFacts, { columns }: TableDatasetSpec): void {
  if (kept > 0) return;
  if (rows === 0) throw new FinalError('InvalidData', `dataset.splits: split ${name} has no rows`);
  const role = dropped['empty answer'] === rows ? 'answer' : 'question';
  const why = Object.entries(dropped).map(([reason, count]) => `${count} with an ${reason}`);
  throw new FinalError(
    'InvalidData',
    `dataset.columns.${role}: rows with question and answer are needed, but all ${rows} rows of split ${name} were dropped (${why.join(', ')}). Name other columns than ${columns[role].map((column) => JSON.stringify(column)).join(', ')}, or look at dataset.strip.`,
  );
}
