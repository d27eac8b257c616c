// Runs the data stages one after the other, as the workflow does, and reads what they made.
import { readArtifact } from '../../src/artifacts/artifact.js';
import type { StageContext } from '../../src/artifacts/stage-context.js';
import { buildCorpus } from '../../src/dataset/corpus.js';
import { downloadDataset } from '../../src/dataset/fetch-dataset.js';
import { readPairs, type Pair, type PairsFacts } from '../../src/dataset/pairs.js';
import { pinDataset } from '../../src/dataset/pin-dataset.js';
import { readRetrievalSet, type RetrievalSet } from '../../src/dataset/retrieval-set.js';
import { splitPairs } from '../../src/dataset/split.js';
import { transformPairs } from '../../src/dataset/transform.js';
import type { SourceSettings } from '../../src/sources/source-settings.js';
import { parseSpec } from '../../src/spec/parse.js';
import type { DatasetSpec } from '../../src/spec/spec.js';
import type { CorpusResult, SplitResult, TransformResult } from '../../src/spec/preparation-stages.js';
import type { ArtifactRef, Part } from '../../src/spec/stages.js';

/** A dataset as a user writes it, parsed. */
export function datasetSpec(dataset: unknown): DatasetSpec {
  return parseSpec({ model: 'm', dataset }).dataset;
}

/** Pins, downloads and transforms. */
export async function transformDataset(
  dataset: unknown,
  settings: SourceSettings,
  context: StageContext,
): Promise<TransformResult & { pairs: Record<string, Pair[]> }> {
  const spec = datasetSpec(dataset);
  const pin = await pinDataset(spec, settings, context);
  const { artifact } = await downloadDataset({ pin, dataset: spec }, settings, context);
  const result = await transformPairs({ storeId: context.store.id, snapshot: artifact, dataset: spec }, context);
  const { facts, blobs } = await readArtifact<PairsFacts>(context.store, result.artifact);
  const pairs: Record<string, Pair[]> = {};
  for (const { name, blob } of facts.splits) pairs[name] = await pairsOf(context, blobs[blob]!);
  return { ...result, pairs };
}

/** All data stages of a table: pin, download, transform, split, corpus. */
export async function prepareDataset(
  dataset: unknown,
  settings: SourceSettings,
  context: StageContext,
  keep: 'last' | 'best' = 'last',
): Promise<{ split: SplitResult; corpus: CorpusResult; pairs: Partial<Record<Part, Pair[]>> } & Retrieval> {
  const spec = datasetSpec(dataset);
  const storeId = context.store.id;
  const { artifact } = await transformDataset(dataset, settings, context);
  const split = await splitPairs({ storeId, pairs: artifact, dataset: spec, keep }, context);
  const { blobs } = await readArtifact(context.store, split.artifact);
  const pairs: Partial<Record<Part, Pair[]>> = {};
  for (const part of ['train', 'validation', 'test'] as const) {
    const blob = blobs[`${part}.jsonl`];
    if (blob) pairs[part] = await pairsOf(context, blob);
  }
  const corpus = await buildCorpus({ storeId, from: split.artifact, dataset: spec, keep }, context);
  return { split, corpus, pairs, ...(await readRetrieval(corpus.artifact, context)) };
}

/** All data stages of ready files: pin, download, corpus. */
export async function prepareReady(
  dataset: unknown,
  settings: SourceSettings,
  context: StageContext,
  keep: 'last' | 'best' = 'last',
): Promise<{ corpus: CorpusResult } & Retrieval> {
  const spec = datasetSpec(dataset);
  const pin = await pinDataset(spec, settings, context);
  const { artifact } = await downloadDataset({ pin, dataset: spec }, settings, context);
  const corpus = await buildCorpus({ storeId: context.store.id, from: artifact, dataset: spec, keep }, context);
  return { corpus, ...(await readRetrieval(corpus.artifact, context)) };
}

interface Retrieval {
  sets: Partial<Record<Part, RetrievalSet>>;
  interim: Partial<Record<Part, unknown>>;
}

async function readRetrieval(ref: ArtifactRef, context: StageContext): Promise<Retrieval> {
  const { blobs } = await readArtifact(context.store, ref);
  const read: Retrieval = { sets: {}, interim: {} };
  for (const part of ['train', 'validation', 'test'] as const) {
    const [set, interim] = [blobs[`${part}.json`], blobs[`interim/${part}.json`]];
    if (set) read.sets[part] = await readRetrievalSet(await context.store.blobPath(set));
    if (interim) read.interim[part] = JSON.parse((await context.store.readBlob(interim)).toString());
  }
  return read;
}

async function pairsOf(context: StageContext, ref: { sha256: string; bytes: number }): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const batch of readPairs(await context.store.blobPath(ref))) pairs.push(...batch);
  return pairs;
}
