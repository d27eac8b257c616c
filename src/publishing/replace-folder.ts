// Puts a folder in place as a whole: it is filled under a name beside its target (the same file system), flushed, and renamed. A
// directory cannot be exchanged in one call, so an earlier one steps aside first; a crash between the two renames leaves it beside,
// and the next try puts it back before anything else. Whatever fails, no half-written folder stands under the target's name.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { flushFolder } from '../artifacts/flushed-files.js';
import { isLeftBehind, temporaryName } from '../artifacts/temporary-files.js';

const MAX_TRIES = 5;

/** A folder that is filled but not in place yet. */
export interface StagedFolder {
  /** Where it stands until {@link StagedFolder.commit}. */
  path: string;
  /** Renames it to its target, replacing what was there. */
  commit(): Promise<void>;
  /** Removes it; nothing happens after a commit. */
  discard(): Promise<void>;
}

/**
 * Makes an empty folder beside `target`, after tidying up what earlier tries left there.
 *
 * @param demand Throws when what stands at the target may not be replaced; asked now and right before it would be.
 */
export async function stageFolder(target: string, demand = async (): Promise<void> => {}): Promise<StagedFolder> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  await mendEarlierTry(target);
  await demand();
  const path = join(parent, `${stagingPrefix(target)}${temporaryName(randomBytes(4).toString('hex'))}`);
  await mkdir(path);
  return {
    path,
    commit: () => putInPlace(path, target, demand),
    discard: () => rm(path, { recursive: true, force: true }),
  };
}

const stagingPrefix = (target: string): string => `.${basename(target)}.staging-`;
const asidePath = (target: string): string => join(dirname(target), `.${basename(target)}.previous`);

async function putInPlace(path: string, target: string, demand: () => Promise<void>): Promise<void> {
  const aside = asidePath(target);
  await flushFolders(path);
  for (let tries = 1; ; tries++) {
    await demand();
    await rm(aside, { recursive: true, force: true });
    await renameIfThere(target, aside);
    try {
      await rename(path, target);
      break;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Another run put its folder there between the two renames.
      if ((code === 'ENOTEMPTY' || code === 'EEXIST') && tries < MAX_TRIES) continue;
      await renameIfThere(aside, target);
      throw error;
    }
  }
  await flushFolder(dirname(target));
  await rm(aside, { recursive: true, force: true });
}

/** Puts a folder that stepped aside back when nothing followed it, and removes what dead processes of this machine were filling. */
async function mendEarlierTry(target: string): Promise<void> {
  const parent = dirname(target);
  const names = await readdir(parent);
  if (names.includes(basename(asidePath(target)))) {
    if (names.includes(basename(target))) await rm(asidePath(target), { recursive: true, force: true });
    else await renameIfThere(asidePath(target), target);
  }
  for (const name of names.filter((candidate) => candidate.startsWith(stagingPrefix(target)))) {
    if (await isLeftBehind(name.slice(stagingPrefix(target).length)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function flushFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await flushFolders(join(folder, entry.name));
  await flushFolder(folder);
}
