// What lies in a store's folder, for the collection of garbage (src/training/garbage.ts).
import { lstat, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { StoredItem } from './store.js';

const FOLDERS = {
  blob: 'blobs',
  record: 'records',
  claim: 'claims',
  'set-aside': 'set-aside',
  temporary: 'tmp',
} as const satisfies Record<StoredItem['type'], string>;
const ENDING = '.json';

/** Every file of the store but its identity; a folder that is being filled in `tmp` counts as one. */
export async function takeInventory(root: string): Promise<StoredItem[]> {
  const items: StoredItem[] = [];
  for (const type of Object.keys(FOLDERS) as StoredItem['type'][]) {
    const folder = join(root, FOLDERS[type]);
    const recursive = type !== 'temporary';
    const entries = await readdir(folder, { recursive, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const entry of entries) {
      if (recursive && !entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const size = await sizeAndAge(path);
      if (size) items.push({ type, name: nameOf(type, path.slice(folder.length + 1)), ...size });
    }
  }
  return items;
}

/** The file that an item stands for. */
export function pathOfItem(root: string, { type, name }: StoredItem): string {
  if (name.split(/[\\/]/).includes('..')) throw new Error(`Store: an item stays inside the store, got ${name}`);
  if (type === 'blob') return join(root, FOLDERS.blob, name.slice(0, 2), name);
  return join(root, FOLDERS[type], type === 'record' || type === 'claim' ? name + ENDING : name);
}

function nameOf(type: StoredItem['type'], path: string): string {
  const name = path.split(sep).join('/');
  if (type === 'blob') return name.slice(name.lastIndexOf('/') + 1);
  return (type === 'record' || type === 'claim') && name.endsWith(ENDING) ? name.slice(0, -ENDING.length) : name;
}

/** Bytes (of a folder: of all in it) and the age of the youngest file; undefined when it is gone meanwhile. */
async function sizeAndAge(path: string): Promise<{ bytes: number; ageMs: number } | undefined> {
  try {
    const found = await lstat(path);
    let { size: bytes, mtimeMs } = found;
    if (found.isDirectory()) {
      bytes = 0;
      for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
        const inside = await lstat(join(entry.parentPath, entry.name));
        if (inside.isFile()) bytes += inside.size;
        mtimeMs = Math.max(mtimeMs, inside.mtimeMs);
      }
    }
    return { bytes, ageMs: Math.max(0, Date.now() - mtimeMs) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
