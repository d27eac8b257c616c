// The `dataset-snapshot` artifact: the dataset's files as they came, by name, and which of them make up which split.
import type { Part } from '../spec/stages.js';
import type { FileKind } from './formats.js';

/** A data file of a split. */
export interface SnapshotFile extends FileKind {
  /** Name of the blob. */
  name: string;
  /** Of a zip: the split whose files inside it are meant; absent when all are. */
  inner?: string;
}

/** A ready part: one EmbeddingQAFinetuneDataset file, or a BEIR folder's three files; names of blobs. */
export type ReadyFiles =
  { format: 'llamaindex'; file: string } | { format: 'beir'; corpus: string; queries: string; qrels: string };

/** Facts of a `dataset-snapshot`: a table's splits (in the spec's order), or ready parts. */
export interface DatasetSnapshotFacts {
  splits?: { name: string; files: SnapshotFile[] }[];
  ready?: Partial<Record<Part, ReadyFiles>>;
  files: number;
  bytes: number;
  [key: string]: unknown;
}
