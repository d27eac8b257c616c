// Reads a spec file and makes its paths absolute: our command resolves them against the working directory. What looks like a Hub
// id and does not exist here is left for the Worker.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage, FinalError } from '../errors.js';
import { parseSpec } from '../spec/parse.js';
import { isReadyDataset, type FineTuneSpec } from '../spec/spec.js';

/**
 * Reads and parses a spec.
 *
 * @throws FinalError `InvalidSpec` (with one line a problem) or `SourceNotFound`.
 */
export async function readSpecFile(path: string, folder = process.cwd()): Promise<FineTuneSpec> {
  return resolveSpecPaths(parseSpec(await readJsonFile(path, folder)), folder);
}

/**
 * Reads a JSON file that a user named.
 *
 * @throws FinalError `SourceNotFound` or `InvalidSpec`.
 */
export async function readJsonFile(path: string, folder = process.cwd()): Promise<unknown> {
  const text = await readFile(resolve(folder, path), 'utf8').catch((error: unknown) => {
    throw new FinalError('SourceNotFound', `spec: no file ${path} can be read in ${folder}`, { cause: error });
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FinalError('InvalidSpec', `spec: ${path} is no JSON: ${errorMessage(error)}`, { cause: error });
  }
}

/** The spec with model and dataset paths and the output directory absolute. */
export function resolveSpecPaths(spec: FineTuneSpec, folder = process.cwd()): FineTuneSpec {
  const local = (source: string): string => {
    const isPath = /^(\.{1,2}([\\/]|$)|[\\/]|[A-Za-z]:[\\/])/.test(source);
    return isPath || existsSync(resolve(folder, source)) ? resolve(folder, source) : source;
  };
  const { model, dataset } = spec;
  return {
    ...spec,
    model:
      'random' in model
        ? { random: { ...model.random, tokenizer: local(model.random.tokenizer) } }
        : { ...model, source: local(model.source) },
    dataset: isReadyDataset(dataset)
      ? {
          train: local(dataset.train),
          test: local(dataset.test),
          ...(dataset.validation !== undefined && { validation: local(dataset.validation) }),
        }
      : { ...dataset, source: local(dataset.source) },
    output: { ...spec.output, directory: resolve(folder, spec.output.directory) },
  };
}
