// A champion's place on disk, under the output folder:
//   data/champions/<name>           the path that services load: a link, moved by one rename
//   data/versions/<name>-v<number>  what it leads to: the published folder of a promoted model
// The history in the store is the truth (src/artifacts/champion-log.ts) and holds every file, so a folder that is gone or was changed is
// laid out again. The standing version's folder and the one before it are kept; older ones come back when they are asked for.
import { lstat, mkdir, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join, relative } from 'node:path';
import { findArtifact, readArtifact, remember } from '../artifacts/artifact.js';
import {
  readChampionLog,
  standingChampion,
  versionBefore,
  type ChampionEntry,
  type ChampionVersion,
} from '../artifacts/champion-log.js';
import { flushFolder } from '../artifacts/flushed-files.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { ArtifactStore, BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import { LEFT_BY_A_LOOK, sha256OfWeights } from '../sources/own-folder.js';
import { championPaths, type PlacedChampion } from '../spec/retrain.js';
import { WEIGHTS_FILE } from '../spec/published-files.js';
import type { ArtifactRef } from '../spec/stages.js';
import { stageFolder } from './replace-folder.js';
import { copyAllOut, longestReadMs } from './write-files.js';

const KIND = 'champion-version';

/** Surroundings of {@link placeChampion}. */
export type PlaceContext = Pick<StageContext, 'store'> & Partial<StageContext>;

/** Takes every file of a published folder into the store. */
export async function takeVersion(
  folder: string,
  context: Pick<StageContext, 'store' | 'signal' | 'progress'>,
): Promise<ArtifactRef> {
  const { store } = context;
  const blobs: Record<string, BlobRef> = {};
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
  for (const [done, entry] of files.entries()) {
    context.signal.throwIfAborted();
    const note = `taking ${entry.name} of the new version into the store`;
    context.progress({ stage: 'publish', done, total: files.length, unit: 'files', note });
    const path = join(entry.parentPath, entry.name);
    blobs[nameIn(folder, path)] = await store.putFile(path);
  }
  const { kind, key } = await remember({
    ...{ store, kind: KIND, version: 1, inputs: { blobs } },
    make: () => Promise.resolve({ blobs, facts: { files: Object.keys(blobs).length } }),
  });
  return { kind, key };
}

/**
 * Brings the champion's folder and its path to what the history says, also to what it says by the time that the path is moved.
 *
 * @param directory Absolute output folder, found to be allowed.
 * @returns undefined before the first promotion.
 * @throws FinalError `PathNotAllowed` when something that is no link stands at the champion's path, or a stranger's folder at the
 * version's; DamagedError when the store no longer holds the version whole and its folder is not whole either.
 */
export async function placeChampion(
  context: PlaceContext,
  name: string,
  directory: string,
): Promise<PlacedChampion | undefined> {
  const { store } = context;
  for (;;) {
    const entries = await readChampionLog(store, name);
    const standing = standingChampion(entries);
    if (!standing) return undefined;
    // Who moved the link looks whether it still leads to what stands: of two that work beside each other the last one does.
    const isStill = async (): Promise<boolean> => (await readChampionLog(store, name)).length === entries.length;
    const { path, folder } = championPaths(directory, name, standing.number);
    await layOut(context, standing, folder);
    await pointTo(path, folder);
    if (!(await isStill())) continue;
    await removeOlder(store, directory, name, entries);
    if (await isStill()) return { version: standing.number, sha256: standing.sha256, path, folder };
  }
}

/** The version's folder, made from the store unless it is there with the weights that it should have. */
async function layOut(context: PlaceContext, { files, sha256 }: ChampionVersion, folder: string): Promise<void> {
  const { store, signal, expectSilence } = context;
  const onProgress = (note: string): void => {
    signal?.throwIfAborted();
    context.progress?.({ stage: 'publish', done: 0, total: 1, unit: 'files', note: `placing the champion: ${note}` });
  };
  onProgress('looking at its folder');
  const there = await stat(join(folder, WEIGHTS_FILE)).catch(() => undefined);
  expectSilence?.(longestReadMs(there?.size ?? 0));
  if ((await sha256OfWeights(folder)) === sha256) return;
  const { blobs } = await readArtifact(store, files);
  const staged = await stageFolder(folder, () => demandVersionsOwn(folder, blobs));
  try {
    await copyAllOut(
      { store, onProgress, ...(expectSilence && { expectSilence }) },
      Object.entries(blobs),
      staged.path,
    );
    await staged.commit();
  } finally {
    await staged.discard();
  }
}

/** Points the link at a folder, by one rename: whoever opens it sees the one or the other. */
async function pointTo(path: string, folder: string): Promise<void> {
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  const target = relative(parent, folder);
  const there = await lstat(path).catch(() => undefined);
  if (there && !there.isSymbolicLink()) {
    throw new FinalError(
      'PathNotAllowed',
      `champion: ${path} must be free or the champion's own link, got ${there.isDirectory() ? 'a folder' : 'a file'}. Move it away, or name the champion otherwise (output.name).`,
    );
  }
  if (there && (await readlink(path)) === target) return;
  const temporary = join(parent, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  await symlink(target, temporary);
  try {
    await rename(temporary, path);
    await flushFolder(parent);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes the folders of versions but of the standing one and of the one that a roll-back leads to; a stranger's is left alone. */
async function removeOlder(
  store: ArtifactStore,
  directory: string,
  name: string,
  entries: readonly ChampionEntry[],
): Promise<void> {
  const standing = entries.at(-1)?.champion ?? 0;
  const kept = [standing, versionBefore(entries, standing)?.number, entries.at(-2)?.champion];
  for (const { number, version } of entries) {
    if (!version || kept.includes(number)) continue;
    const { folder } = championPaths(directory, name, number);
    if (!(await lstat(folder).catch(() => undefined))) continue;
    const files = await findArtifact(store, version.files);
    if (!files || (await strangerAt(folder, files.blobs)) !== undefined) continue;
    // The weights go first: by them a folder counts as whole, which it is not when the removal ends halfway.
    await rm(join(folder, WEIGHTS_FILE), { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

async function demandVersionsOwn(folder: string, blobs: Record<string, BlobRef>): Promise<void> {
  const what = await strangerAt(folder, blobs);
  if (what === undefined) return;
  throw new FinalError(
    'PathNotAllowed',
    `champion: ${folder} must be free or the champion's own, got ${what}. Move it away, or name the champion otherwise (output.name).`,
  );
}

/** What stands at a version's place that the version does not have; its own folder may be half-removed, or its files changed. */
async function strangerAt(folder: string, blobs: Record<string, BlobRef>): Promise<string | undefined> {
  const there = await lstat(folder).catch(() => undefined);
  if (!there) return undefined;
  if (!there.isDirectory()) return there.isSymbolicLink() ? 'a link' : 'a file';
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const names = files.map((file) => nameIn(folder, join(file.parentPath, file.name)));
  const foreign = names.find((name) => !Object.hasOwn(blobs, name) && !LEFT_BY_A_LOOK.includes(basename(name)));
  return foreign === undefined ? undefined : `a folder with ${JSON.stringify(foreign)} in it`;
}

/** A file's name in the version's artifact. */
function nameIn(folder: string, path: string): string {
  return relative(folder, path).split(/[\\/]/).join('/');
}
