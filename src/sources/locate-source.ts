// Tells whether a spec's source is a local path or a Hub id: `./`, `../` and `/` are always local; else what exists in the data
// folders is local; else it is a Hub id, `owner/name` (old ones are a bare name).
import { FinalError } from '../errors.js';
import { findAllowed, resolveBoth, told, type ResolvedPath } from './paths.js';
import type { SourceSettings } from './source-settings.js';

/** Where a source is. `path` is real and inside the data folders; `link` is the path as it was written, where links lead from it. */
export type Location = { type: 'local'; path: string; link?: string } | { type: 'hub'; id: string };

const HUB_ID = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9_][\w.-]*)?$/;
const FILE_ENDING = /\.(jsonl?|ndjson|csv|tsv|parquet|zip|gz)$/i;

/**
 * Finds out where a source is; asks no server.
 *
 * @throws FinalError `SourceNotFound` or `PathNotAllowed`.
 */
export async function locateSource(source: string, settings: SourceSettings, field: string): Promise<Location> {
  if (/^(\.{1,2}([\\/]|$)|[\\/]|[A-Za-z]:[\\/])/.test(source)) {
    return local(await resolveBoth(source, settings.dataFolders, field));
  }
  const found = await findAllowed(source, settings.dataFolders, field);
  if (found) return local(found);
  if (HUB_ID.test(source) && !FILE_ENDING.test(source) && !source.includes('..')) return { type: 'hub', id: source };
  throw new FinalError(
    'SourceNotFound',
    `${field}: a file or folder in the data folders, or a Hub id "owner/name", is needed, got ${JSON.stringify(source)}. Looked in ${await told(settings.dataFolders)}.`,
  );
}

function local({ written, real }: ResolvedPath): Location {
  return { type: 'local', path: real, ...(written !== real && { link: written }) };
}
