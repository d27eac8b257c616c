// Who a store is: `store.json` with an id made once. A run knows its store by this id, never by its path, so that an empty mount point or
// another disk is never taken for it.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createExclusively, FOLDER_MODE, writeFlushed } from './flushed-files.js';
import { stableJson } from './hash.js';
import { withSystemErrors } from './store-errors.js';

const IDENTITY = 'store.json';

/** The id of the store in a folder; undefined when there is none that can be read. */
export async function readIdentity(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, IDENTITY), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null && 'id' in parsed && typeof parsed.id === 'string'
    ? parsed.id
    : undefined;
}

/** Makes a store of an empty or missing folder; of two that do so at once one wins. */
export async function makeIdentity(folder: string): Promise<void> {
  await withSystemErrors(folder, async () => {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const temporary = join(folder, `.store-${randomUUID()}`);
    await writeFlushed(temporary, stableJson({ version: 1, id: randomUUID() }));
    await createExclusively(temporary, join(folder, IDENTITY));
    await rm(temporary, { force: true });
  });
}
