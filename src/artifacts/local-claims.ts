// Claims in a local folder: one small file each, replaced by a rename and never flushed, because losing one costs nothing. How old one is
// follows from the time that the disk gave it.
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FILE_MODE, FOLDER_MODE } from './flushed-files.js';
import type { Claim, JsonObject } from './store.js';

const ENDING = '.json';

/** Writes a claim under a temporary name and renames it. */
export async function putClaim(path: string, temporary: string, body: JsonObject): Promise<void> {
  try {
    await writeFile(temporary, JSON.stringify(body), { mode: FILE_MODE, flag: 'wx' });
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * The claims of a scope, sorted by name.
 *
 * @throws the system's ENOENT when the scope has no folder.
 */
export async function listClaims(root: string, scope: string): Promise<Claim[]> {
  const names = (await readdir(join(root, scope))).filter((name) => name.endsWith(ENDING)).sort();
  const claims = await Promise.all(names.map((name) => readClaim(root, scope, name.slice(0, -ENDING.length))));
  return claims.filter((claim) => claim !== undefined);
}

/** Removes a claim. */
export async function removeClaim(path: string): Promise<void> {
  await rm(path, { force: true });
}

async function readClaim(root: string, scope: string, name: string): Promise<Claim | undefined> {
  const path = join(root, scope, name + ENDING);
  try {
    const { mtimeMs } = await stat(path);
    const body = JSON.parse(await readFile(path, 'utf8')) as JsonObject;
    return { scope, name, body, ageMs: Date.now() - mtimeMs };
  } catch {
    // Removed meanwhile, or not whole: as good as none.
    return undefined;
  }
}
