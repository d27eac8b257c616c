// Reads the small JSON files of a model folder, with a size limit, and names the file in every error.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { FinalError } from '../errors.js';

const MAX_BYTES = 4 << 20;
/** Bytes that a large vocabulary's `tokenizer.json` may take. */
export const MAX_TOKENIZER_BYTES = 64 << 20;

/** A JSON object of unknown content. */
export type JsonObject = Record<string, unknown>;

/**
 * The JSON in `folder/name`, or undefined when there is no such file.
 *
 * @throws FinalError `UnsupportedModel` when it is too large or not JSON.
 */
export async function readFolderJson(folder: string, name: string, maxBytes = MAX_BYTES): Promise<unknown> {
  const file = await open(join(folder, name), 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    if (size > maxBytes)
      throw new FinalError('UnsupportedModel', `${name}: at most ${maxBytes} bytes are read, got ${size}`);
    return JSON.parse(await file.readFile('utf8')) as unknown;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new FinalError('UnsupportedModel', `${name}: valid JSON is needed (${cause.message}), in ${folder}`, {
      cause,
    });
  } finally {
    await file.close();
  }
}

/** As {@link readFolderJson}, for a file whose content is an object; a missing one counts as empty. */
export async function readFolderObject(folder: string, name: string): Promise<JsonObject> {
  const json = (await readFolderJson(folder, name)) ?? {};
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new FinalError('UnsupportedModel', `${name}: a JSON object is needed, in ${folder}`);
  return json as JsonObject;
}
