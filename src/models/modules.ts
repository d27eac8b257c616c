// What a sentence-transformers folder does after the encoder: modules.json and 1_Pooling/config.json. The type names changed with
// version 6 (sentence_transformers.models.Pooling, sentence_transformers.sentence_transformer.modules.pooling.Pooling) and so did the
// pooling's keys (a boolean for each mode; one `pooling_mode`); both are read. Other modules (Dense, LayerNorm, …) are refused.
import { normalize as normalizePath } from 'node:path/posix';
import { FinalError } from '../errors.js';
import { readFolderJson, readFolderObject, type JsonObject } from './folder-json.js';
import type { Pooling } from './pooling.js';

/** What stands behind the encoder. */
export interface Modules {
  pooling: Pooling;
  normalize: boolean;
  /** Dimension that the pooling's configuration states. */
  dimension?: number;
  warnings: string[];
}

const POOLINGS: readonly Pooling[] = ['mean', 'cls'];
const BOOLEANS: Readonly<Record<string, string>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
};

/**
 * Reads modules.json and the pooling's configuration; a folder without modules.json is a bare transformers folder and gets mean
 * pooling without normalisation, as sentence-transformers treats it.
 *
 * @throws FinalError `UnsupportedModel` for modules or poolings that are not supported, naming those that are.
 */
export async function readModules(folder: string): Promise<Modules> {
  const json = await readFolderJson(folder, 'modules.json');
  if (json === undefined) {
    const told = 'The model folder has no modules.json: mean pooling without normalisation is taken.';
    return { pooling: 'mean', normalize: false, warnings: [told] };
  }
  if (!Array.isArray(json)) throw unsupported('modules.json: a list of modules is needed');
  const modules = (json as unknown[]).map((module, index) => parseModule(module, index));
  const kinds = modules.map(({ kind }) => kind).join(', ');
  if (!/^Transformer, Pooling(, Normalize)?$/.test(kinds))
    throw unsupported(
      `modules.json: Transformer, Pooling and perhaps Normalize are supported, in this order, got ${kinds}`,
    );
  const [transformer, pooling] = modules as [ModuleEntry, ModuleEntry];
  if (transformer.path !== '.')
    throw unsupported(`modules.json: the Transformer lies in the folder itself, got "${transformer.path}"`);
  const config = await readFolderObject(folder, `${pooling.path}/config.json`);
  return { ...parsePooling(config, `${pooling.path}/config.json`), normalize: modules.length === 3, warnings: [] };
}

interface ModuleEntry {
  kind: string;
  path: string;
}

function parseModule(module: unknown, index: number): ModuleEntry {
  const { type, path } = (typeof module === 'object' && module !== null ? module : {}) as JsonObject;
  if (typeof type !== 'string' || typeof path !== 'string')
    throw unsupported(`modules.json: module ${index} needs "type" and "path"`);
  if (!type.startsWith('sentence_transformers.'))
    throw unsupported(`modules.json: modules of sentence_transformers are supported, got ${JSON.stringify(type)}`);
  const clean = normalizePath(path === '' ? '.' : path.replaceAll('\\', '/'));
  if (clean.startsWith('/') || clean.split('/').includes('..'))
    throw unsupported(`modules.json: a module's path stays inside the folder, got ${JSON.stringify(path)}`);
  return { kind: type.slice(type.lastIndexOf('.') + 1), path: clean };
}

/** Reads a pooling configuration of either style. */
function parsePooling(config: JsonObject, file: string): Pick<Modules, 'pooling' | 'dimension'> {
  const modes = poolingModes(config);
  const pooling = POOLINGS.find((known) => modes.length === 1 && modes[0] === known);
  if (!pooling)
    throw unsupported(
      `${file}: one pooling mode of ${POOLINGS.join(', ')} is supported, got ${modes.length > 0 ? modes.join(' + ') : 'none'}`,
    );
  if (config.include_prompt === false)
    throw unsupported(`${file}: prompts are pooled with the text ("include_prompt": true), got false`);
  const dimension = config.word_embedding_dimension ?? config.embedding_dimension;
  return { pooling, ...(typeof dimension === 'number' ? { dimension } : {}) };
}

function poolingModes(config: JsonObject): string[] {
  const mode = config.pooling_mode;
  if (typeof mode === 'string') return [mode];
  if (Array.isArray(mode)) return mode.map(String);
  return Object.entries(BOOLEANS)
    .filter(([key]) => config[key] === true)
    .map(([, name]) => name);
}

const unsupported = (message: string): FinalError => new FinalError('UnsupportedModel', message);
