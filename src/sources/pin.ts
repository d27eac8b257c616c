// Pins a model: a Hub id to its commit, a local folder to the hashes of its files (taken into the store). Only pins are keys of
// what follows, so a branch that moves or a folder that changes during a run changes nothing.
import { remember, readArtifact, type Artifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import { baseName } from '../spec/names.js';
import type { ModelPin } from '../spec/preparation-stages.js';
import type { ModelSpec } from '../spec/spec.js';
import { hubAccess } from './allowed-hub.js';
import { downloadFiles } from './download-files.js';
import { HubClient, type HubFile } from './hub.js';
import type { HubRepo } from './hub-errors.js';
import { listLocalFiles, takeFiles } from './local-files.js';
import { locateSource } from './locate-source.js';
import { isWeightFile, selectModelFiles, selectTokenizerFiles } from './model-files.js';
import type { SourceSettings } from './source-settings.js';

const VERSION = 1;

/** Facts of a `model-folder` artifact; its blobs go by file name (`config.json`, `1_Pooling/config.json`). */
export interface ModelFolderFacts {
  files: number;
  bytes: number;
  [key: string]: unknown;
}

/**
 * Fixes which model a run begins with.
 *
 * A random model's pin holds the tokenizer's files; its weights are made later.
 *
 * @throws FinalError `SourceNotFound`, `PathNotAllowed`, `UnsupportedModel`, `InvalidSpec` for a folder with a revision; RetryableError
 * `SourceUnavailable`.
 */
export async function pinModel(spec: ModelSpec, settings: SourceSettings, context: StageContext): Promise<ModelPin> {
  if ('random' in spec) {
    const label = spec.random.tokenizer;
    return { type: 'random', label: baseName(label), snapshot: await pinTokenizer(label, settings, context) };
  }
  const location = await locateSource(spec.source, settings, 'model');
  if (location.type === 'hub') {
    const hub = hubClient(settings, context);
    const repo: HubRepo = { type: 'model', name: location.id };
    const commit = await hub.commitOf(repo, spec.revision);
    // Listed now, so that a model without the files that are needed ends the run before anything is downloaded.
    selectModelFiles(await hub.listFiles(repo, commit), ({ path }) => path, location.id);
    return { type: 'hub', id: location.id, commit };
  }
  demandNoRevision(spec, 'model');
  const files = await listFolder(location.path, 'model');
  const chosen = selectModelFiles(files, ({ name }) => name, spec.source);
  const blobs = await takeFiles(chosen, { settings, context, field: 'model' });
  return { type: 'local', label: baseName(spec.source), snapshot: await rememberFolder({ blobs }, blobs, context) };
}

/** Refuses a model by its small files; its weights are not among them. */
export type CheckModel = (blobs: Record<string, BlobRef>) => Promise<void>;

/**
 * The model's files in the store: fetched from the Hub at the pinned commit, or those taken in when it was pinned.
 *
 * @param check Asked before any weights are downloaded, which may take gigabytes; default: nothing is refused.
 * @throws FinalError and RetryableError as {@link pinModel}.
 */
export async function fetchModel(
  pin: ModelPin,
  settings: SourceSettings,
  context: StageContext,
  check?: CheckModel,
): Promise<Artifact<ModelFolderFacts>> {
  if (pin.type !== 'hub') return readArtifact<ModelFolderFacts>(context.store, pin.snapshot);
  const wanted = { repo: { type: 'model', name: pin.id }, commit: pin.commit, select: selectModelFiles } as const;
  return fetchFromHub({ ...wanted, ...(check && { check }) }, settings, context);
}

async function pinTokenizer(source: string, settings: SourceSettings, context: StageContext): Promise<Ref> {
  const field = 'model.random.tokenizer';
  const location = await locateSource(source, settings, field);
  if (location.type === 'hub') {
    const repo: HubRepo = { type: 'model', name: location.id };
    const commit = await hubClient(settings, context).commitOf(repo, 'main');
    const { kind, key } = await fetchFromHub({ repo, commit, select: selectTokenizerFiles }, settings, context);
    return { kind, key };
  }
  const chosen = selectTokenizerFiles(await listFolder(location.path, field), ({ name }) => name, source);
  const blobs = await takeFiles(chosen, { settings, context, field });
  return rememberFolder({ blobs }, blobs, context);
}

type Ref = { kind: string; key: string };
type Select = typeof selectModelFiles;

async function fetchFromHub(
  { repo, commit, select, check }: { repo: HubRepo; commit: string; select: Select; check?: CheckModel },
  settings: SourceSettings,
  context: StageContext,
): Promise<Artifact<ModelFolderFacts>> {
  // Asked before the store is looked into: what another Worker brought there may not be allowed here.
  hubAccess(repo, settings.allowedSources?.hub);
  const part = select === selectModelFiles ? 'model' : 'tokenizer';
  return remember<ModelFolderFacts>({
    store: context.store,
    kind: 'model-folder',
    version: VERSION,
    inputs: { hub: repo.name, commit, part },
    make: async () => {
      const hub = hubClient(settings, context);
      const selected = select(await hub.listFiles(repo, commit), ({ path }) => path, repo.name);
      const weights = selected.filter(({ path }) => isWeightFile(path));
      const files = [...selected.filter(({ path }) => !isWeightFile(path)), ...weights];
      const before = async (file: HubFile, small: Record<string, BlobRef>): Promise<void> => {
        if (file === weights[0]) await check?.(small);
      };
      const { blobs, bytes } = await downloadFiles(hub, { repo, commit, files, before }, context);
      return { blobs, facts: { files: files.length, bytes } };
    },
  });
}

async function rememberFolder(inputs: unknown, blobs: Record<string, BlobRef>, context: StageContext): Promise<Ref> {
  const bytes = Object.values(blobs).reduce((sum, blob) => sum + blob.bytes, 0);
  const { kind, key } = await remember<ModelFolderFacts>({
    store: context.store,
    kind: 'model-folder',
    version: VERSION,
    inputs,
    make: () => Promise.resolve({ blobs, facts: { files: Object.keys(blobs).length, bytes } }),
  });
  return { kind, key };
}

async function listFolder(path: string, field: string): Promise<Awaited<ReturnType<typeof listLocalFiles>>['files']> {
  const { isFolder, files } = await listLocalFiles(path, field);
  if (!isFolder) throw new FinalError('SourceNotFound', `${field}: a folder is needed, got the file ${path}`);
  return files;
}

/**
 * Refuses a local source of which the spec names a revision: it would be used as it is now, and the report would state the revision.
 *
 * @throws FinalError `InvalidSpec`; `main`, the default, is no revision that was named.
 */
export function demandNoRevision({ source, revision }: { source: string; revision: string }, field: string): void {
  if (revision === 'main') return;
  throw new FinalError(
    'InvalidSpec',
    `${field}.revision: only what the Hub has can be taken at a revision, but ${JSON.stringify(source)} is in the data folders, got ${JSON.stringify(revision)}. ` +
      'Remove revision to use what is there, or move that away so that the Hub is asked.',
  );
}

/** A client that tells of repeated requests as warnings. */
export function hubClient(settings: SourceSettings, context: StageContext): HubClient {
  return new HubClient({ settings, signal: context.signal, onRetry: (note) => context.warn(note) });
}
