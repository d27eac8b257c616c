// Takes local files into the store, by content: from then on nothing outside the store is read, so that a file that changes during
// a run changes nothing. Links out of the data folders are refused when the file is opened.
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import { openAllowed } from './paths.js';
import type { SourceSettings } from './source-settings.js';

const MAX_FILES = 200_000;

/** A file under a folder; `name` is relative, with `/`. */
export interface LocalFile {
  name: string;
  path: string;
  bytes: number;
}

/**
 * The file itself, or every file under a folder, sorted by name; hidden ones (`.git`, `.cache`) are left out.
 *
 * @throws FinalError `InvalidData` for a folder of more than 200,000 files.
 */
export async function listLocalFiles(path: string, field: string): Promise<{ isFolder: boolean; files: LocalFile[] }> {
  const found = await stat(path);
  if (!found.isDirectory()) return { isFolder: false, files: [{ name: basename(path), path, bytes: found.size }] };
  const files: LocalFile[] = [];
  const visit = async (folder: string, prefix: string, depth: number): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const inner = { name: prefix + entry.name, path: join(folder, entry.name) };
      if (entry.isDirectory() && depth < 8) await visit(inner.path, `${inner.name}/`, depth + 1);
      // A link to a file is followed; a link to a folder is not.
      else if (entry.isFile() || entry.isSymbolicLink()) {
        const target = await stat(inner.path).catch(() => undefined);
        if (target?.isFile()) files.push({ ...inner, bytes: target.size });
      }
      if (files.length > MAX_FILES) {
        throw new FinalError(
          'InvalidData',
          `${field}: at most ${MAX_FILES} files a folder are read, got more in ${path}`,
        );
      }
    }
  };
  await visit(path, '', 0);
  return { isFolder: true, files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/**
 * Takes files into the store; blobs go by the files' names.
 *
 * @throws FinalError `PathNotAllowed` for a link that leads out of the data folders.
 */
export async function takeFiles(
  files: readonly LocalFile[],
  { settings, context, field }: { settings: SourceSettings; context: StageContext; field: string },
): Promise<Record<string, BlobRef>> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const blobs: Record<string, BlobRef> = {};
  let done = 0;
  for (const file of files) {
    context.signal.throwIfAborted();
    const handle = await openAllowed(file.path, settings.dataFolders, field);
    try {
      const stream = handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 });
      blobs[file.name] = await context.store.putBytes(stream as AsyncIterable<Buffer>);
    } finally {
      await handle.close();
    }
    done += file.bytes;
    context.progress({ stage: 'pin', done, total, unit: 'bytes' });
  }
  return blobs;
}
