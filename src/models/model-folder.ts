// Reads a model folder as sentence-transformers or transformers left it: what the encoder is, how its vectors are pooled, how long a
// text may be, which prompts it was trained with, and its weights. Folders keep up to three lengths that disagree; the one in
// sentence_bert_config.json counts, as it does in sentence-transformers.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { FinalError } from '../errors.js';
import { WEIGHTS_FILE } from '../spec/published-files.js';
import type { Architecture, EncoderConfig } from './architecture.js';
import { findArchitecture } from './architectures.js';
import { readFolderJson, readFolderObject, type JsonObject } from './folder-json.js';
import { readModules, type Modules } from './modules.js';
import type { Pooling } from './pooling.js';
import { isFloat, readSafetensors, readSafetensorsHeader, type Weights } from './safetensors.js';

/** An encoder as its folder describes it. */
export interface EncoderModel {
  folder: string;
  architecture: Architecture;
  config: EncoderConfig;
  pooling: Pooling;
  normalize: boolean;
  /** Tokens a text, special tokens included. */
  maxSequenceLength: number;
  /** Texts put before every question and every passage. */
  prompts: { query?: string; passage?: string };
  /** True when texts are lower-cased before they reach the tokenizer. */
  lowerCase: boolean;
  /** What a user should know and is no error. */
  warnings: readonly string[];
}

/** Prefixes that checkpoints made with a task's head put before the encoder's names. */
const PREFIX = /^(bert|roberta|model|encoder_model|0\.auto_model)\.(?=embeddings\.|encoder\.|pooler\.)/;

/**
 * Reads a sentence-transformers folder of any version, or a bare transformers folder (mean pooling, with a warning).
 *
 * @throws FinalError `UnsupportedModel` that names the file which is missing or holds something unsupported.
 */
export async function readModelFolder(folder: string): Promise<EncoderModel> {
  const configJson = await readFolderJson(folder, 'config.json');
  if (configJson === undefined) throw missing(folder, 'config.json', 'it says what the model is');
  await demand(folder, 'tokenizer.json', 'save the tokenizer again as a fast tokenizer');
  const architecture = findArchitecture(configJson);
  const config = architecture.parseConfig(configJson);
  const modules = await readModules(folder);
  if (modules.dimension !== undefined && modules.dimension !== config.hiddenSize)
    throw new FinalError(
      'UnsupportedModel',
      `${folder}: the pooling's dimension is the encoder's, ${config.hiddenSize}, got ${modules.dimension}`,
    );
  const sentenceConfig = await readFolderObject(folder, 'sentence_bert_config.json');
  const sentenceTransformers = await readFolderObject(folder, 'config_sentence_transformers.json');
  return {
    folder,
    architecture,
    config,
    pooling: modules.pooling,
    normalize: modules.normalize,
    maxSequenceLength: await maxSequenceLength(folder, sentenceConfig, config),
    prompts: parsePrompts(sentenceTransformers),
    lowerCase: sentenceConfig.do_lower_case === true,
    warnings: [...modules.warnings, ...similarityWarnings(sentenceTransformers, modules)],
  };
}

/**
 * Loads the encoder's weights under the architecture's own names, each checked for its shape; what the encoder does not use
 * (a pooler, a task's head) is left out.
 *
 * @throws FinalError `UnsupportedModel` when a tensor is missing or has another shape, `InvalidData` when the file is damaged.
 */
export async function loadWeights(model: EncoderModel): Promise<Weights> {
  const weights: Weights = new Map();
  for (const [name, { shape, data }] of neededTensors(model, await readEncoderTensors(model.folder)))
    weights.set(name, { shape, data });
  return weights;
}

/**
 * Checks what {@link loadWeights} would load, by the file's header alone: the data, which may be gigabytes, is not read.
 *
 * @throws FinalError as {@link loadWeights} does.
 */
export async function checkWeights(model: EncoderModel): Promise<void> {
  const { tensors } = await readSafetensorsHeader(await weightsPath(model.folder));
  neededTensors(model, new Map(tensors.filter(isFloat).map((tensor) => [todaysName(tensor.name), tensor])));
}

/** Every float tensor of the folder's weights under today's names: a head's prefix removed, gamma and beta renamed. */
export async function readEncoderTensors(folder: string): Promise<Weights> {
  const stored = await readSafetensors(await weightsPath(folder));
  return new Map([...stored].map(([name, tensor]) => [todaysName(name), tensor]));
}

/** The tensors that the architecture uses, each of the shape that config.json says. */
function neededTensors<Tensor extends { shape: readonly number[] }>(
  { architecture, config }: EncoderModel,
  stored: ReadonlyMap<string, Tensor>,
): [string, Tensor][] {
  return architecture.parameters(config).map(({ name, shape }) => {
    const tensor = stored.get(name);
    if (!tensor)
      throw new FinalError(
        'UnsupportedModel',
        `${WEIGHTS_FILE}: tensor "${name}" is missing, of shape [${shape.join(', ')}]; the file has ${stored.size} tensors, such as ${[...stored.keys()].slice(0, 3).join(', ') || 'none'}`,
      );
    if (tensor.shape.join() !== shape.join())
      throw new FinalError(
        'UnsupportedModel',
        `${WEIGHTS_FILE}: tensor "${name}" needs shape [${shape.join(', ')}] by config.json, got [${tensor.shape.join(', ')}]`,
      );
    return [name, tensor];
  });
}

async function weightsPath(folder: string): Promise<string> {
  await demand(
    folder,
    WEIGHTS_FILE,
    'weights are read from one safetensors file alone (never from pickled or sharded files); save the model again with safetensors',
  );
  return join(folder, WEIGHTS_FILE);
}

const todaysName = (name: string): string =>
  name
    .replace(PREFIX, '')
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');

async function maxSequenceLength(folder: string, sentenceConfig: JsonObject, config: EncoderConfig): Promise<number> {
  const stated = positive(sentenceConfig.max_seq_length);
  const ofTokenizer = stated ?? positive((await readFolderObject(folder, 'tokenizer_config.json')).model_max_length);
  return Math.min(ofTokenizer ?? Infinity, config.maxPositionEmbeddings);
}

const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 1 ? Math.floor(value) : undefined;

function parsePrompts(config: JsonObject): EncoderModel['prompts'] {
  const named = (typeof config.prompts === 'object' && config.prompts !== null ? config.prompts : {}) as JsonObject;
  const prompt = (...names: unknown[]): string | undefined =>
    names.map((name) => (typeof name === 'string' ? named[name] : undefined)).find(isText);
  const query = prompt('query', config.default_prompt_name);
  const passage = prompt('passage', 'document', config.default_prompt_name);
  return { ...(query ? { query } : {}), ...(passage ? { passage } : {}) };
}

/** Of vectors of length 1 the dot product is the cosine; any other comparison is told. */
function similarityWarnings({ similarity_fn_name: similarity }: JsonObject, { normalize }: Modules): string[] {
  const isCosine = similarity === 'cosine' || (similarity === 'dot' && normalize);
  if (!isText(similarity) || isCosine) return [];
  const by = similarity === 'dot' ? 'dot product, of vectors that are not normalised' : similarity;
  return [`The model folder compares by ${by}. Here it is evaluated, trained and published to compare by cosine.`];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

async function demand(folder: string, name: string, remedy: string): Promise<void> {
  await access(join(folder, name)).catch((cause: unknown) => {
    throw missing(folder, name, remedy, cause);
  });
}

function missing(folder: string, name: string, remedy: string, cause?: unknown): FinalError {
  return new FinalError('UnsupportedModel', `${folder}: ${name} is missing; ${remedy}.`, { cause });
}
