// The tokenizer's files of a folder that every program opens alike: one maximum length everywhere, no padding stored, the special
// tokens in the small files that older programs want (special_tokens_map.json, vocab.txt). What a base folder lacks is made from its
// tokenizer.json; what it has is kept.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FinalError } from '../errors.js';
import { MAX_TOKENIZER_BYTES, readFolderJson, readFolderObject, type JsonObject } from './folder-json.js';

/** A tokenizer's files by name, and what a model made for it must know. */
export interface TokenizerFiles {
  files: Map<string, string>;
  /** Highest token id + 1. */
  vocabularySize: number;
  padTokenId: number;
  /** Id of the token that closes every text ([SEP]); undefined when there is none or several. */
  closingTokenId: number | undefined;
}

const SPECIAL_TOKENS = ['unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;
/** How BERT, RoBERTa and their kin call them, when no file says. */
const USUAL: Readonly<Record<(typeof SPECIAL_TOKENS)[number], readonly string[]>> = {
  unk_token: ['[UNK]', '<unk>'],
  sep_token: ['[SEP]', '</s>'],
  pad_token: ['[PAD]', '<pad>'],
  cls_token: ['[CLS]', '<s>'],
  mask_token: ['[MASK]', '<mask>'],
};
/** Keys of tokenizer_config.json that state another length or padding, or where the folder once lay. */
const DROPPED = [
  'max_length',
  'stride',
  'truncation_strategy',
  'truncation_side',
  'padding',
  'pad_to_multiple_of',
  'name_or_path',
  'special_tokens_map_file',
  'tokenizer_file',
  'is_local',
  'local_files_only',
];

/**
 * The tokenizer's files of `folder`, with `maxLength` (tokens a text, special tokens included) as the one length.
 *
 * @throws FinalError `UnsupportedModel` when tokenizer.json is missing or is none.
 */
export async function readTokenizerFiles(folder: string, maxLength: number): Promise<TokenizerFiles> {
  const tokenizer = parseTokenizer(await readFolderJson(folder, 'tokenizer.json', MAX_TOKENIZER_BYTES), folder);
  const config = await readFolderObject(folder, 'tokenizer_config.json');
  const special = specialTokens(tokenizer, config, await readFolderObject(folder, 'special_tokens_map.json'));
  const json = {
    ...tokenizer.json,
    truncation: { direction: 'Right', max_length: maxLength, strategy: 'LongestFirst', stride: 0 },
    padding: null,
  };
  const files = new Map([
    ['tokenizer.json', JSON.stringify(json)],
    ['tokenizer_config.json', pretty(tokenizerConfig(config, tokenizer, special, maxLength))],
    ['special_tokens_map.json', pretty(special)],
  ]);
  const vocabulary = await vocabularyText(folder, tokenizer);
  if (vocabulary !== undefined) files.set('vocab.txt', vocabulary);
  const padToken = special.pad_token;
  return {
    files,
    vocabularySize: tokenizer.vocabularySize,
    padTokenId: (padToken === undefined ? undefined : tokenizer.idOf.get(padToken)) ?? 0,
    closingTokenId: closingTokenId(tokenizer.json.post_processor),
  };
}

interface ParsedTokenizer {
  json: JsonObject;
  idOf: Map<string, number>;
  vocabularySize: number;
  /** Model type, e.g. `WordPiece`. */
  type: unknown;
  normalizer: JsonObject;
}

function parseTokenizer(json: unknown, folder: string): ParsedTokenizer {
  if (json === undefined)
    throw new FinalError(
      'UnsupportedModel',
      `${folder}: tokenizer.json is missing; save the tokenizer again as a fast tokenizer.`,
    );
  const model = isObject(json) ? json.model : undefined;
  const vocabulary = isObject(model) ? model.vocab : undefined;
  if (!isObject(json) || !isObject(model) || (!isObject(vocabulary) && !Array.isArray(vocabulary)))
    throw new FinalError('UnsupportedModel', `${folder}: tokenizer.json holds no model with a vocabulary.`);
  const idOf = new Map<string, number>();
  const add = (token: unknown, id: unknown): void => {
    if (typeof token === 'string' && Number.isSafeInteger(id) && (id as number) >= 0) idOf.set(token, id as number);
  };
  if (Array.isArray(vocabulary)) (vocabulary as unknown[]).forEach((entry, id) => add((entry as unknown[])?.[0], id));
  else for (const [token, id] of Object.entries(vocabulary)) add(token, id);
  for (const entry of Array.isArray(json.added_tokens) ? (json.added_tokens as unknown[]) : [])
    if (isObject(entry)) add(entry.content, entry.id);
  let highest = -1;
  for (const id of idOf.values()) highest = Math.max(highest, id);
  const normalizer = isObject(json.normalizer) ? json.normalizer : {};
  return { json, idOf, vocabularySize: highest + 1, type: model.type, normalizer };
}

function specialTokens(tokenizer: ParsedTokenizer, config: JsonObject, map: JsonObject): Record<string, string> {
  const special: Record<string, string> = {};
  for (const role of SPECIAL_TOKENS) {
    const token = [contentOf(map[role]), contentOf(config[role]), ...USUAL[role]].find(
      (candidate) => candidate !== undefined && tokenizer.idOf.has(candidate),
    );
    if (token !== undefined) special[role] = token;
  }
  return special;
}

/** Of the post-processors that put special tokens around a text, the id of the last one. */
function closingTokenId(processor: unknown): number | undefined {
  if (!isObject(processor)) return undefined;
  if (processor.type === 'Sequence' && Array.isArray(processor.processors))
    return (processor.processors as unknown[]).map(closingTokenId).findLast((id) => id !== undefined);
  // BertProcessing and RobertaProcessing: "sep": ["[SEP]", 102].
  if (Array.isArray(processor.sep)) return tokenId(processor.sep[1]);
  if (processor.type !== 'TemplateProcessing' || !Array.isArray(processor.single)) return undefined;
  const last = (processor.single as unknown[]).at(-1);
  const name = isObject(last) && isObject(last.SpecialToken) ? last.SpecialToken.id : undefined;
  const special = isObject(processor.special_tokens) ? processor.special_tokens[String(name)] : undefined;
  const ids = isObject(special) && Array.isArray(special.ids) ? (special.ids as unknown[]) : [];
  return ids.length === 1 ? tokenId(ids[0]) : undefined;
}

const tokenId = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** Special tokens stand as a text or as `{"content": …}`. */
function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) && typeof value.content === 'string' ? value.content : undefined;
}

function tokenizerConfig(
  config: JsonObject,
  { type, normalizer }: ParsedTokenizer,
  special: Record<string, string>,
  maxLength: number,
): JsonObject {
  const kept = Object.fromEntries(Object.entries(config).filter(([key]) => !DROPPED.includes(key)));
  const doLowerCase = normalizer.lowercase === true;
  const ofWordPiece = type === 'WordPiece' ? { tokenizer_class: 'BertTokenizer', do_lower_case: doLowerCase } : {};
  // transformers makes BERT's normalizer from these, not from tokenizer.json; what is missing there is true, null and true.
  const ofNormalizer =
    type === 'WordPiece' && normalizer.type === 'BertNormalizer'
      ? {
          do_lower_case: doLowerCase,
          strip_accents: typeof normalizer.strip_accents === 'boolean' ? normalizer.strip_accents : null,
          tokenize_chinese_chars: normalizer.handle_chinese_chars !== false,
        }
      : {};
  return { ...ofWordPiece, ...special, ...kept, ...ofNormalizer, model_max_length: maxLength };
}

/** vocab.txt as the folder has it, or by the ids of a WordPiece vocabulary without gaps. */
async function vocabularyText(
  folder: string,
  { type, idOf, vocabularySize }: ParsedTokenizer,
): Promise<string | undefined> {
  const stored = await readFile(join(folder, 'vocab.txt'), 'utf8').catch(() => undefined);
  if (stored !== undefined || type !== 'WordPiece' || idOf.size !== vocabularySize) return stored;
  const tokens = [...idOf].sort(([, a], [, b]) => a - b).map(([token]) => token);
  return `${tokens.join('\n')}\n`;
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
