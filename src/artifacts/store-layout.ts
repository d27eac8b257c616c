// Where things lie in a local store's folder. Names are checked here, so that none of them leads out of it.
import { join } from 'node:path';
import type { BlobRef } from './store.js';

const KEY_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._@-]*(\/[A-Za-z0-9][A-Za-z0-9._@-]*)*$/;

/** The file of a content. */
export function pathOfBlob(location: string, { sha256 }: BlobRef): string {
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new Error(`Store: a blob is named by 64 hex digits, got ${JSON.stringify(sha256)}`);
  return join(location, 'blobs', sha256.slice(0, 2), sha256);
}

/** The file of a record. */
export function pathOfRecord(location: string, kind: string, key: string): string {
  for (const part of [kind, key]) demandKey(part);
  return `${join(location, 'records', kind, key)}.json`;
}

/** The folder of the records whose keys begin with a prefix, by the prefix's whole parts; undefined when no key can begin so. */
export function folderOfRecords(location: string, kind: string, prefix: string): string | undefined {
  const parts = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  if (prefix.includes('/') && !KEY_PATTERN.test(parts)) return undefined;
  return join(location, 'records', kind, parts);
}

/** The file of a claim. */
export function pathOfClaim(location: string, scope: string, name: string): string {
  for (const part of [scope, name]) demandKey(part);
  return join(location, 'claims', scope, `${name}.json`);
}

function demandKey(part: string): void {
  if (KEY_PATTERN.test(part)) return;
  throw new Error(`Store: a key has letters, digits and . _ @ - only, got ${JSON.stringify(part)}`);
}
