// SHA-256 of bytes, files and JSON values: the names by which everything in the store goes.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import stringify from 'safe-stable-stringify';

/** SHA-256 of bytes or text, in lower-case hex. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** SHA-256 of a JSON value; keys are sorted, so that their order does not matter. */
export function sha256OfJson(value: unknown): string {
  return sha256(stableJson(value));
}

/** JSON with sorted keys: the same value always gives the same bytes. */
export function stableJson(value: unknown): string {
  return stringify(value) ?? 'null';
}

/** SHA-256 of a file, streamed. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash: Hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
