// Pins a dataset: a Hub id to its commit (and, where its own files cannot be read, to the commit of the Hub's Parquet conversion),
// local files to their hashes. Local files are taken into the store here.
import { basename } from 'node:path';
import { remember } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import { listLocalFiles, takeFiles, type LocalFile } from '../sources/local-files.js';
import { locateSource, type Location } from '../sources/locate-source.js';
import { demandNoRevision, hubClient } from '../sources/pin.js';
import type { HubRepo } from '../sources/hub-errors.js';
import type { SourceSettings } from '../sources/source-settings.js';
import { baseName } from '../spec/names.js';
import { isReadyDataset, type DatasetSpec, type ReadyDatasetSpec, type TableDatasetSpec } from '../spec/spec.js';
import type { DatasetPin } from '../spec/preparation-stages.js';
import type { ArtifactRef, Part } from '../spec/stages.js';
import { chooseSplits, isInsideZips, neededFiles } from './choose-files.js';
import { conversionSplits, detectSplits, leftOutOf, type DetectedSplits } from './detect-splits.js';
import { kindOf, READABLE } from './formats.js';
import type { DatasetSnapshotFacts, ReadyFiles } from './snapshot.js';
import { ZipReader } from './zip.js';

/** Raise it when snapshots of the same files come out otherwise. */
export const SNAPSHOT_VERSION = 2;
/** Where the Hub keeps its own Parquet conversion of a dataset. */
export const CONVERSION_REVISION = 'refs/convert/parquet';
/** So many names of files fit into a warning, which a run cuts at 300 characters. */
const FEW = 3;

/**
 * Fixes which data a run uses.
 *
 * @throws FinalError `SourceNotFound`, `PathNotAllowed`, `InvalidData` for a missing split or no readable file, or `InvalidSpec` for local
 * files with a revision; RetryableError `SourceUnavailable`.
 */
export async function pinDataset(
  dataset: DatasetSpec,
  settings: SourceSettings,
  context: StageContext,
): Promise<DatasetPin> {
  if (isReadyDataset(dataset)) return pinReady(dataset, settings, context);
  const location = await locateSource(dataset.source, settings, 'dataset');
  return location.type === 'hub'
    ? pinHub(location.id, dataset, settings, context)
    : pinLocal(location, dataset, settings, context);
}

async function pinHub(
  id: string,
  dataset: TableDatasetSpec,
  settings: SourceSettings,
  context: StageContext,
): Promise<DatasetPin> {
  const hub = hubClient(settings, context);
  const repo: HubRepo = { type: 'dataset', name: id };
  const commit = await hub.commitOf(repo, dataset.revision);
  const names = (await hub.listFiles(repo, commit)).map(({ path }) => path);
  const own = detectSplits(names);
  if (own.splits.size > 0) {
    neededFiles(own, dataset.splits, id);
    warnOfLeftOut(names, own, id, context);
    return { type: 'hub', id, commit };
  }
  const conversion = await hub.findCommit(repo, CONVERSION_REVISION);
  if (conversion === undefined) {
    throw new FinalError(
      'InvalidData',
      `dataset.source: ${id} has no files of a format that is read (${READABLE}), and the Hub has no Parquet conversion of it. Files there: ${names.slice(0, 12).join(', ') || '(none)'}`,
    );
  }
  const converted = (await hub.listFiles(repo, conversion)).map(({ path }) => path);
  neededFiles(conversionSplits(converted), dataset.splits, id);
  context.warn(`${id}: its own files are of no format that is read; the Hub's Parquet conversion is used instead.`);
  if (converted.some((name) => name.includes('/partial-'))) {
    context.warn(`${id}: the Hub's Parquet conversion holds only the first part of the data.`);
  }
  return { type: 'hub', id, commit, conversion };
}

async function pinLocal(
  location: LocalSource,
  dataset: TableDatasetSpec,
  settings: SourceSettings,
  context: StageContext,
): Promise<DatasetPin> {
  demandNoRevision(dataset, 'dataset');
  const { isFolder, files } = await listSource(location, 'dataset.source');
  const names = files.map(({ name }) => name);
  const detected = isFolder ? detectSplits(names) : loneFile(names, dataset);
  const needed = new Set(neededFiles(detected, dataset.splits, dataset.source));
  warnOfLeftOut(names, detected, dataset.source, context);
  const chosen = files.filter(({ name }) => needed.has(name));
  const blobs = await takeFiles(chosen, { settings, context, field: 'dataset.source' });
  const splits = await chooseSplits(detected, dataset.splits, dataset.source, (name) =>
    zipNames(blobs[name], name, context),
  );
  const snapshot = await rememberSnapshot({ splits }, blobs, context);
  return { type: 'local', label: baseName(dataset.source), snapshot };
}

type LocalSource = Extract<Location, { type: 'local' }>;

/**
 * The source's files. A lone one goes by the name that the spec gives it when it is a link (the Hub's cache links `train.jsonl` to a
 * file called by its hash), and is opened through the link, so that the rule about links is asked again.
 */
async function listSource({ path, link }: LocalSource, field: string): ReturnType<typeof listLocalFiles> {
  const { isFolder, files } = await listLocalFiles(path, field);
  if (isFolder || link === undefined) return { isFolder, files };
  const named = basename(link);
  return {
    isFolder,
    files: files.map((file) => ({ ...file, name: kindOf(named) ? named : file.name, path: link })),
  };
}

/** A file that the spec names is the one split asked for, whatever its name says. */
function loneFile(names: string[], { splits, source }: TableDatasetSpec): DetectedSplits {
  if (names.some((name) => kindOf(name) === undefined)) {
    throw new FinalError('InvalidData', `dataset.source: a file that ends in ${READABLE} is needed, got ${source}`);
  }
  const zipped = { splits: new Map([['train', names]]), named: false };
  if (isInsideZips(zipped)) return zipped;
  return { splits: new Map([[splits.length === 1 ? (splits[0] ?? 'train') : 'train', names]]), named: true };
}

/** Tells of data files that are not read, since nothing else would. */
function warnOfLeftOut(names: readonly string[], detected: DetectedSplits, label: string, context: StageContext): void {
  const { otherFormat, noSplit } = leftOutOf(names, detected);
  const tell = (left: readonly string[], why: string): void => {
    if (left.length === 0) return;
    const few = left.slice(0, FEW).join(', ') + (left.length > FEW ? ', …' : '');
    context.warn(`dataset.source: ${left.length} data files of ${label} are not read (${few}): ${why}`);
  };
  tell(otherFormat, 'files of one format are read, the most frequent one. Name such a file itself as source.');
  tell(
    noSplit,
    'names of other files tell a split (train, validation, test), theirs do not. Put them into folders called by a split.',
  );
}

async function pinReady(
  dataset: ReadyDatasetSpec,
  settings: SourceSettings,
  context: StageContext,
): Promise<DatasetPin> {
  const ready: Partial<Record<Part, ReadyFiles>> = {};
  const blobs: Record<string, BlobRef> = {};
  for (const part of ['train', 'validation', 'test'] as const) {
    const source = dataset[part];
    if (source === undefined) continue;
    const field = `dataset.${part}`;
    const location = await locateSource(source, settings, field);
    if (location.type === 'hub') {
      throw new FinalError(
        'SourceNotFound',
        `${field}: ready files are local, but no data folder has ${JSON.stringify(source)}`,
      );
    }
    const { isFolder, files } = await listSource(location, field);
    const chosen = isFolder ? beirFiles(files, part, source) : { file: files };
    const taken = await takeFiles(Object.values(chosen).flat(), { settings, context, field });
    for (const [name, ref] of Object.entries(taken)) blobs[`${part}/${name}`] = ref;
    const blobOf = (list: LocalFile[] | undefined): string => `${part}/${list?.[0]?.name ?? ''}`;
    ready[part] =
      'file' in chosen
        ? { format: 'llamaindex', file: blobOf(chosen.file) }
        : {
            format: 'beir',
            corpus: blobOf(chosen.corpus),
            queries: blobOf(chosen.queries),
            qrels: blobOf(chosen.qrels),
          };
  }
  return { type: 'ready', label: baseName(dataset.train), snapshot: await rememberSnapshot({ ready }, blobs, context) };
}

/** The three files of a BEIR folder; the judgements are the part's own, or the only ones there are. */
function beirFiles(
  files: readonly LocalFile[],
  part: Part,
  source: string,
): Record<'corpus' | 'queries' | 'qrels', LocalFile[]> {
  const named = (name: string): LocalFile[] => files.filter((file) => file.name === name);
  const qrels = files.filter(({ name }) => /^qrels\/[^/]+\.tsv$/.test(name));
  const own = ['train', 'test'].includes(part) ? [part] : ['validation', 'dev', 'val'];
  const judged = own.flatMap((name) => named(`qrels/${name}.tsv`));
  const chosen = judged.length > 0 ? judged : qrels.length === 1 ? qrels : [];
  const [corpus, queries] = [named('corpus.jsonl'), named('queries.jsonl')];
  if (corpus.length === 0 || queries.length === 0 || chosen.length === 0) {
    throw new FinalError(
      'InvalidData',
      `dataset.${part}: an EmbeddingQAFinetuneDataset JSON file, or a BEIR folder with corpus.jsonl, queries.jsonl and qrels/${own[0]}.tsv, is needed, got ${source} with ${
        files
          .map(({ name }) => name)
          .slice(0, 12)
          .join(', ') || 'no files'
      }`,
    );
  }
  return { corpus, queries, qrels: chosen.slice(0, 1) };
}

/** Names of the files inside a zip of the store. */
export async function zipNames(ref: BlobRef | undefined, name: string, { store }: StageContext): Promise<string[]> {
  if (!ref) throw new Error(`zipNames: no blob ${name}`);
  const zip = await ZipReader.open(await store.blobPath(ref), name);
  try {
    return zip.names;
  } finally {
    zip.close();
  }
}

async function rememberSnapshot(
  what: Pick<DatasetSnapshotFacts, 'splits' | 'ready'>,
  blobs: Record<string, BlobRef>,
  context: StageContext,
): Promise<ArtifactRef> {
  const bytes = Object.values(blobs).reduce((sum, blob) => sum + blob.bytes, 0);
  const { kind, key } = await remember<DatasetSnapshotFacts>({
    store: context.store,
    kind: 'dataset-snapshot',
    version: SNAPSHOT_VERSION,
    inputs: { ...what, blobs },
    make: () => Promise.resolve({ blobs, facts: { ...what, files: Object.keys(blobs).length, bytes } }),
  });
  return { kind, key };
}
