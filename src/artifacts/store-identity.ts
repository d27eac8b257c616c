// Who a store is: `store.json` with an id made once. A run knows its store by this id, never by its path, so that an empty mount point or
// another disk is never taken for it.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FinalError } from '../errors.js';
import { createExclusively, FOLDER_MODE, lacksHardLinks, writeFlushed } from './flushed-files.js';
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

/**
 * Makes a store of an empty or missing folder; of two that do so at once one wins.
 *
 * @throws FinalError `PathNotAllowed` where the file system has no hard links, by which records are created and never overwritten.
 */
export async function makeIdentity(folder: string): Promise<void> {
  await withSystemErrors(folder, async () => {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const temporary = join(folder, `.store-${randomUUID()}`);
    try {
      await writeFlushed(temporary, stableJson({ version: 1, id: randomUUID() }));
      await createExclusively(temporary, join(folder, IDENTITY));
    } catch (error) {
      if (!lacksHardLinks(error)) throw error;
      throw new FinalError(
        'PathNotAllowed',
        `Store: ${folder} must be on a file system with hard links, got ${error.code} for one (exFAT and some network shares have none). ` +
          'Name a folder on another disk with --store.',
        { cause: error },
      );
    } finally {
      await rm(temporary, { force: true });
    }
  });
}
