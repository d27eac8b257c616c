// Paths from a spec: each is looked for in the data folders in order, and must lie inside one of them after all symbolic links
// are followed; it is checked again when it is opened. The Hub cache's own links (snapshots/<commit>/f -> ../../blobs/<hash>) are known.
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { FinalError } from '../errors.js';

/**
 * Real path of an existing file or folder inside the data folders.
 *
 * @param field The spec's field, for messages.
 * @throws FinalError `PathNotAllowed` when it lies outside, `SourceNotFound` when there is none; both name the folders.
 */
export async function resolveAllowed(path: string, dataFolders: readonly string[], field = 'path'): Promise<string> {
  return (await resolveBoth(path, dataFolders, field)).real;
}

/** An existing file or folder: its absolute path as it was written, links in it, and its real path. */
export interface ResolvedPath {
  written: string;
  real: string;
}

/** Like {@link resolveAllowed}, with both paths. */
export async function resolveBoth(path: string, dataFolders: readonly string[], field = 'path'): Promise<ResolvedPath> {
  const present = await presentFolders(dataFolders);
  const roots = [...present.values()];
  let outside = false;
  // In a folder that is away nothing can be found, and nothing lies outside of it.
  for (const candidate of candidates(path, [...present.keys()])) {
    const real = await realpath(candidate).catch(() => undefined);
    if (real === undefined) {
      // Says nothing about whether a path outside exists.
      outside ||= !isInsideAny(await realOfNearest(candidate), roots);
    } else if (isInsideAny(real, roots) || (await isHubCacheLink(candidate, real, roots))) {
      return { written: candidate, real };
    } else {
      outside = true;
    }
  }
  if (outside) throw await notAllowed(path, dataFolders, field);
  throw new FinalError(
    'SourceNotFound',
    `${field}: no file or folder ${JSON.stringify(path)} in the data folders ${await told(dataFolders)}. Give another path, or another folder with --data.`,
  );
}

/** Like {@link resolveBoth}, but undefined when there is no such file or folder. */
export async function findAllowed(
  path: string,
  dataFolders: readonly string[],
  field = 'path',
): Promise<ResolvedPath | undefined> {
  return resolveBoth(path, dataFolders, field).catch((error: unknown) => {
    if (error instanceof FinalError && error.type === 'SourceNotFound') return undefined;
    throw error;
  });
}

/**
 * Absolute path of a folder that may be written: it need not exist yet, but its nearest existing ancestor lies inside a data folder.
 * A relative path begins at the first data folder.
 *
 * @throws FinalError `PathNotAllowed`.
 */
export async function resolveAllowedOutput(
  path: string,
  dataFolders: readonly string[],
  field = 'output.directory',
): Promise<string> {
  const roots = [...(await presentFolders(dataFolders)).values()];
  const [candidate] = candidates(path, dataFolders);
  const real = candidate === undefined ? undefined : await realOfNearest(candidate);
  if (real === undefined || !isInsideAny(real, roots)) throw await notAllowed(path, dataFolders, field);
  return real;
}

/**
 * Opens a file for reading and makes sure that what was opened lies inside the data folders, whatever was done to the path since it
 * was resolved. The caller closes the handle.
 *
 * @throws FinalError `PathNotAllowed`.
 */
export async function openAllowed(path: string, dataFolders: readonly string[], field = 'path'): Promise<FileHandle> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    const type = error.code === 'ENOENT' ? 'SourceNotFound' : 'PathNotAllowed';
    throw new FinalError(type, `${field}: ${path} cannot be opened (${error.code ?? 'unknown'}).`, { cause: error });
  });
  try {
    // The path's target now, checked, must be the very file that is open.
    const real = await resolveAllowed(resolve(path), dataFolders, field);
    const [opened, checked] = await Promise.all([handle.stat(), stat(real)]);
    if (opened.dev !== checked.dev || opened.ino !== checked.ino) throw await notAllowed(path, dataFolders, field);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Data folders for the eye, with what is not there: a path that is not found may lie in a share that is not mounted. */
export async function told(dataFolders: readonly string[]): Promise<string> {
  if (dataFolders.length === 0) return '(none are allowed)';
  const present = await presentFolders(dataFolders);
  return dataFolders.map((folder) => (present.has(folder) ? folder : `${folder} (does not exist)`)).join(', ');
}

/** The folders that are there, in their order, each with its real path. */
async function presentFolders(dataFolders: readonly string[]): Promise<Map<string, string>> {
  const found = await Promise.all(
    dataFolders.map(async (folder) => [folder, await realpath(folder).catch(() => undefined)] as const),
  );
  return new Map(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}

function candidates(path: string, dataFolders: readonly string[]): string[] {
  return isAbsolute(path) ? [resolve(path)] : dataFolders.map((folder) => resolve(folder, path));
}

/** The path with its nearest existing ancestor made real. */
async function realOfNearest(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) return real;
  const parent = dirname(path);
  return parent === path ? path : join(await realOfNearest(parent), basename(path));
}

function isInsideAny(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep));
}

/** True for `<repository>/snapshots/<commit>/…/file` inside a data folder that links to `<repository>/blobs/<hash>`. */
async function isHubCacheLink(path: string, real: string, roots: readonly string[]): Promise<boolean> {
  const folder = await realpath(dirname(path)).catch(() => undefined);
  if (folder === undefined || !isInsideAny(folder, roots)) return false;
  const match = /^(.*[\\/](?:models|datasets)--[^\\/]+)[\\/]snapshots[\\/][0-9a-f]{40}(?:[\\/]|$)/.exec(folder);
  return (
    match?.[1] !== undefined && dirname(real) === join(match[1], 'blobs') && /^[0-9a-f]{40,64}$/.test(basename(real))
  );
}

async function notAllowed(path: string, dataFolders: readonly string[], field: string): Promise<FinalError> {
  return new FinalError(
    'PathNotAllowed',
    `${field}: a path inside the data folders is needed, got ${JSON.stringify(path)}. Allowed: ${await told(dataFolders)}. Move the data there, or allow its folder with --data.`,
  );
}
