// The tokenizer of a model folder, through @huggingface/transformers: the only file that imports it. Everything is read from the local
// folder and parsed here, so nothing is ever loaded from elsewhere. Truncation and padding settings inside tokenizer.json are ignored:
// a text is cut here, keeping its closing special tokens ([SEP]), as the Rust tokenizer does.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PreTrainedTokenizer, env } from '@huggingface/transformers';
import { FinalError } from '../errors.js';
import { packRows, type TokenizedTexts } from './tokenized-texts.js';

env.allowRemoteModels = false;

const MAX_FILE_BYTES = 256 << 20;

/** Turns texts into token ids. */
export interface Tokenizer {
  /** Token ids of each text with its special tokens, at most `maxLength` of them; `cut` texts were longer. */
  encode(texts: readonly string[], maxLength: number): { texts: TokenizedTexts; cut: number };
  /** How many special tokens stand before and after a text. */
  readonly specialTokens: { before: number; after: number };
  /** Size of the vocabulary, added tokens included. */
  readonly vocabularySize: number;
}

/**
 * Opens the tokenizer in a folder (`tokenizer.json`, and `tokenizer_config.json` where there is one).
 *
 * @throws FinalError `UnsupportedModel` when it is missing or cannot be read.
 */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const tokenizerJson = await readObject(folder, 'tokenizer.json');
  if (!tokenizerJson) {
    throw new FinalError(
      'UnsupportedModel',
      `Tokenizer: ${folder} holds no tokenizer.json. Save the model with a fast tokenizer ` +
        '(in Python: AutoTokenizer.from_pretrained(…).save_pretrained(…)).',
    );
  }
  const config = (await readObject(folder, 'tokenizer_config.json')) ?? {};
  let tokenizer: PreTrainedTokenizer;
  try {
    tokenizer = new PreTrainedTokenizer({ ...tokenizerJson, truncation: null, padding: null }, config);
  } catch (cause) {
    throw new FinalError(
      'UnsupportedModel',
      `Tokenizer: tokenizer.json in ${folder} is of a kind that is not supported`,
      {
        cause,
      },
    );
  }
  return new LocalTokenizer(tokenizer);
}

class LocalTokenizer implements Tokenizer {
  readonly specialTokens: { before: number; after: number };
  readonly vocabularySize: number;

  constructor(private readonly tokenizer: PreTrainedTokenizer) {
    // An ordinary word with and without its special tokens tells how many stand on each side.
    const bare = tokenizer.encode('a', { add_special_tokens: false });
    const whole = tokenizer.encode('a', { add_special_tokens: true });
    const before = Math.max(0, whole.indexOf(bare[0] ?? -1));
    this.specialTokens = { before, after: whole.length - bare.length - before };
    this.vocabularySize = tokenizer.get_vocab().size;
  }

  encode(texts: readonly string[], maxLength: number): { texts: TokenizedTexts; cut: number } {
    const { before, after } = this.specialTokens;
    if (maxLength <= before + after) {
      throw new FinalError(
        'InvalidSpec',
        `Tokenizer: a text has ${before + after} special tokens, so maxSequenceLength must be above that, got ${maxLength}`,
      );
    }
    let cut = 0;
    const rows = texts.map((text) => {
      const ids = this.tokenizer.encode(text);
      if (ids.length <= maxLength) return ids;
      cut++;
      return [...ids.slice(0, maxLength - after), ...ids.slice(ids.length - after)];
    });
    return { texts: packRows(rows), cut };
  }
}

async function readObject(folder: string, name: string): Promise<Record<string, unknown> | undefined> {
  const path = join(folder, name);
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  if (found.size > MAX_FILE_BYTES) {
    throw new FinalError(
      'UnsupportedModel',
      `Tokenizer: ${name} may have ${MAX_FILE_BYTES} bytes, got ${found.size} in ${folder}`,
    );
  }
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
    throw new TypeError('not an object');
  } catch (cause) {
    throw new FinalError('UnsupportedModel', `Tokenizer: ${name} in ${folder} is not a JSON object`, { cause });
  }
}
