// Records of a store in a local folder: one JSON file each, with the hash of its body, created and never overwritten.
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { writeFlushed } from './flushed-files.js';
import { sha256, stableJson } from './hash.js';
import type { JsonObject } from './store.js';

const ENDING = '.json';

/** Writes a record's file, flushed, under a temporary name. */
export function writeRecordFile(temporary: string, body: JsonObject): Promise<void> {
  return writeFlushed(temporary, stableJson({ sha256: sha256(stableJson(body)), body }));
}

/** The body in a record's text, or undefined when it does not have the hash that the record states. */
export function soundBody(text: string): JsonObject | undefined {
  try {
    const { sha256: hash, body } = JSON.parse(text) as { sha256: string; body: JsonObject };
    return hash === sha256(stableJson(body)) ? body : undefined;
  } catch {
    return undefined;
  }
}

/** Keys of all records in a kind's folder, sorted; parts are divided by `/`. */
export async function listRecordKeys(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ENDING))
    .map(({ parentPath, name }) =>
      join(parentPath, name)
        .slice(folder.length + 1, -ENDING.length)
        .split(sep)
        .join('/'),
    )
    .sort();
}
