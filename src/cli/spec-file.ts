// Reads a spec file and makes its paths absolute: our command resolves them against the working directory. What looks like a Hub
// id and does not exist here is left for the Worker.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage, FinalError } from '../errors.js';
import { parseChain, type ChainSpec } from '../spec/chain.js';
import { parseSpec } from '../spec/parse.js';
import { isReadyDataset, type DatasetSpec, type FineTuneSpec, type ModelSpec } from '../spec/spec.js';
import { parseSweep, type SweepSpec } from '../spec/sweep.js';

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
  const { model, dataset, output } = spec;
  return {
    ...spec,
    model: resolveModel(model, folder),
    dataset: resolveDataset(dataset, folder),
    output: resolveOutput(output, folder),
  };
}

/**
 * Reads and parses a sweep; its paths become absolute.
 *
 * @throws FinalError `InvalidSpec` (with one line a problem) or `SourceNotFound`.
 */
export async function readSweepFile(path: string, folder = process.cwd()): Promise<SweepSpec> {
  const { base, models, ...rest } = parseSweep(await readJsonFile(path, folder));
  return {
    ...rest,
    base: {
      ...base,
      ...(base.model !== undefined && { model: resolveModel(base.model, folder) }),
      dataset: resolveDataset(base.dataset, folder),
      output: resolveOutput(base.output, folder),
    },
    ...(models && { models: models.map((model) => resolveModel(model, folder)) }),
  };
}

/**
 * Reads and parses a chain; its paths become absolute.
 *
 * @throws FinalError `InvalidSpec` (with one line a problem) or `SourceNotFound`.
 */
export async function readChainFile(path: string, folder = process.cwd()): Promise<ChainSpec> {
  const { base, steps } = parseChain(await readJsonFile(path, folder));
  return {
    base: { ...base, model: resolveModel(base.model, folder), output: resolveOutput(base.output, folder) },
    steps: steps.map((step) => ({ ...step, dataset: resolveDataset(step.dataset, folder) })),
  };
}

function resolveModel(model: ModelSpec, folder: string): ModelSpec {
  return 'random' in model
    ? { random: { ...model.random, tokenizer: resolveSource(model.random.tokenizer, folder) } }
    : { ...model, source: resolveSource(model.source, folder) };
}

function resolveDataset(dataset: DatasetSpec, folder: string): DatasetSpec {
  if (!isReadyDataset(dataset)) return { ...dataset, source: resolveSource(dataset.source, folder) };
  const { train, test, validation } = dataset;
  return {
    train: resolveSource(train, folder),
    test: resolveSource(test, folder),
    ...(validation !== undefined && { validation: resolveSource(validation, folder) }),
  };
}

function resolveOutput(output: FineTuneSpec['output'], folder: string): FineTuneSpec['output'] {
  return { ...output, directory: resolve(folder, output.directory) };
}

function resolveSource(source: string, folder: string): string {
  const isPath = /^(\.{1,2}([\\/]|$)|[\\/]|[A-Za-z]:[\\/])/.test(source);
  return isPath || existsSync(resolve(folder, source)) ? resolve(folder, source) : source;
}
