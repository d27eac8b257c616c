// The data converter of the Worker's owner, e.g. one that encrypts payloads: a module that exports `dataConverter`, as the SDK's options take
// it. Its code runs in the process of whoever names it on the command line, never because a spec or a server asks for it.
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { errorMessage } from '../errors.js';

const KEYS = ['payloadConverterPath', 'failureConverterPath', 'payloadCodecs', 'externalStorage'];

/**
 * Loads a data converter.
 *
 * @param module A path, relative to `from`, or the name of a package that is installed there.
 * @throws Error when it cannot be loaded or exports no data converter.
 */
export async function loadDataConverter(module: string, from: string = process.cwd()): Promise<DataConverter> {
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(locate(module, from))) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`--data-converter: ${module} cannot be loaded: ${errorMessage(error)}`, { cause: error });
  }
  const found = [loaded, loaded['default']].map(
    (exports) => (exports as Record<string, unknown> | undefined)?.['dataConverter'],
  );
  const converter = found.find((each) => each !== undefined) ?? loaded['default'];
  if (isDataConverter(converter)) return converter;
  throw new Error(
    `--data-converter: ${module} exports \`dataConverter\`, an object with some of ${KEYS.join(', ')}; got ${Object.keys(loaded).join(', ') || 'no exports'}`,
  );
}

function locate(module: string, from: string): string {
  if (/^\.{0,2}[\\/]/.test(module) || isAbsolute(module)) return pathToFileURL(resolve(from, module)).href;
  return pathToFileURL(createRequire(join(from, 'package.json')).resolve(module)).href;
}

function isDataConverter(value: unknown): value is DataConverter {
  if (typeof value !== 'object' || value === null) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => KEYS.includes(key));
}
