// Tells whether a spec's source is a local path or a Hub id: `./`, `../` and `/` are always local; else what exists in the data
// folders is local; else it is a Hub id, `owner/name` (old ones are a bare name).
import { FinalError } from '../errors.js';
import { findAllowed, resolveAllowed, shown } from './paths.js';
import type { SourceSettings } from './source-settings.js';

/** Where a source is. `path` is real and inside the data folders. */
export type Location = { type: 'local'; path: string } | { type: 'hub'; id: string };

const HUB_ID = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9_][\w.-]*)?$/;
const FILE_ENDING = /\.(jsonl?|ndjson|csv|tsv|parquet|zip|gz)$/i;

/**
 * Finds out where a source is; asks no server.
 *
 * @throws FinalError `SourceNotFound` or `PathNotAllowed`.
 */
export async function locateSource(source: string, settings: SourceSettings, field: string): Promise<Location> {
  if (/^(\.{1,2}([\\/]|$)|[\\/]|[A-Za-z]:[\\/])/.test(source)) {
    return { type: 'local', path: await resolveAllowed(source, settings.dataFolders, field) };
  }
  const path = await findAllowed(source, settings.dataFolders, field);
  if (path !== undefined) return { type: 'local', path };
  if (HUB_ID.test(source) && !FILE_ENDING.test(source) && !source.includes('..')) return { type: 'hub', id: source };
  throw new FinalError(
    'SourceNotFound',
    `${field}: a file or folder in the data folders, or a Hub id "owner/name", is needed, got ${JSON.stringify(source)}. Looked in ${shown(settings.dataFolders)}.`,
  );
}
