// Which files of a model's repository or folder are needed: config, safetensors, tokenizer, sentence-transformers modules and the
// README (small). Pickled weights are never fetched.
import { FinalError } from '../errors.js';
import { WEIGHTS_FILE } from '../spec/published-files.js';

const MEGABYTE = 2 ** 20;
const MAX_TEXT_BYTES = 64 * MEGABYTE;
const MAX_README_BYTES = MEGABYTE;
/** Bytes that a file of weights may take, 4 GiB: it is read in one piece, and Node 20 has no larger buffer. */
export const MAX_WEIGHT_BYTES = 4 * 1024 * MEGABYTE;

const TOKENIZER_FILE =
  /^(tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|[\w.-]*\.model)$/;
const MODEL_FILE = /^(config\.json|modules\.json|sentence_\w+_config\.json|config_sentence_transformers\.json)$/;
/** One of several files that hold the weights together, which are not read. */
const SHARD = /(^|\/)model-\d{5}-of-\d{5}\.safetensors$/;
/** `0_Transformer/`, `1_Pooling/`, `2_Normalize/`: the modules' own folders. */
const MODULE_FOLDER = /^\d+_[A-Za-z]+\//;

/** A candidate: its path from the model's root and its size. */
export interface SizedFile {
  bytes: number;
}

/** True for the files that a tokenizer is made of. */
export function isTokenizerFile(name: string): boolean {
  return TOKENIZER_FILE.test(name);
}

/** True for what is needed of a model; the README only when it is small. */
export function isModelFile(name: string, bytes: number): boolean {
  if (name === 'README.md') return bytes <= MAX_README_BYTES;
  const inner = name.replace(MODULE_FOLDER, '');
  return TOKENIZER_FILE.test(inner) || MODEL_FILE.test(inner) || inner === WEIGHTS_FILE;
}

/**
 * Picks what is needed and checks that a model can be made of it.
 *
 * @param label The model's name, for messages.
 * @throws FinalError `UnsupportedModel` when config, safetensors or tokenizer are missing, or a file is too large.
 */
export function selectModelFiles<File extends SizedFile>(
  files: readonly File[],
  nameOf: (file: File) => string,
  label: string,
): File[] {
  const selected = files.filter((file) => isModelFile(nameOf(file), file.bytes));
  const names = selected.map((file) => nameOf(file).replace(/^0_[A-Za-z]+\//, ''));
  const all = files.map(nameOf);
  const refuse = (what: string): never => {
    throw new FinalError('UnsupportedModel', `model: ${what} in ${label}. Files there: ${listed(all)}`);
  };
  if (!names.includes('config.json')) refuse('no config.json');
  if (!names.includes(WEIGHTS_FILE)) refuse(lackOfWeights(all));
  if (!names.includes('tokenizer.json')) refuse('no tokenizer: tokenizer.json is missing');
  checkSizes(selected, nameOf, label);
  return selected;
}

/** What is there in place of the weights that are read, and the remedy. */
function lackOfWeights(names: readonly string[]): string {
  const shards = names.filter((name) => SHARD.test(name));
  if (shards.length > 0)
    return `${WEIGHTS_FILE} is needed, but the weights are there in ${shards.length} pieces only (${shards[0]}, …). Save them in one: save_pretrained(…, max_shard_size="4GB")`;
  const pickled = names.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  if (pickled !== undefined)
    return `${WEIGHTS_FILE} is needed, but the weights are there as pickled ${pickled} only (it could run code). Convert it: save_pretrained(…, safe_serialization=True)`;
  return `no ${WEIGHTS_FILE}`;
}

/** True for a file of weights, which may take gigabytes. */
export function isWeightFile(name: string): boolean {
  return name.endsWith('.safetensors');
}

/**
 * Picks the tokenizer's files alone.
 *
 * @throws FinalError `UnsupportedModel` when `tokenizer.json` is missing.
 */
export function selectTokenizerFiles<File extends SizedFile>(
  files: readonly File[],
  nameOf: (file: File) => string,
  label: string,
): File[] {
  const selected = files.filter((file) => isTokenizerFile(nameOf(file)));
  if (!selected.some((file) => nameOf(file) === 'tokenizer.json')) {
    throw new FinalError(
      'UnsupportedModel',
      `model.random.tokenizer: no tokenizer.json in ${label}. Files there: ${listed(files.map(nameOf))}`,
    );
  }
  checkSizes(selected, nameOf, label);
  return selected;
}

function checkSizes<File extends SizedFile>(
  files: readonly File[],
  nameOf: (file: File) => string,
  label: string,
): void {
  for (const file of files) {
    const limit = isWeightFile(nameOf(file)) ? MAX_WEIGHT_BYTES : MAX_TEXT_BYTES;
    if (file.bytes > limit) {
      throw new FinalError(
        'UnsupportedModel',
        `model: ${nameOf(file)} of ${label} may have at most ${limit} bytes, got ${file.bytes}`,
      );
    }
  }
}

/** Up to twelve names for the eye. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return '(none)';
  return names.slice(0, 12).join(', ') + (names.length > 12 ? `, … (${names.length} in all)` : '');
}
