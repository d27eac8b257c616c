// A WordPiece tokenizer of its own for tests: special tokens, every character of the texts, and their most frequent words.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tokenizerFiles } from '../../examples/encoder/tokenizer-files.mjs';

/** Truncation and padding to a length, as a `tokenizer.json` may fix them. */
export function fixedLength(length: number): object {
  return {
    truncation: { direction: 'Right', max_length: length, strategy: 'LongestFirst', stride: 0 },
    padding: { strategy: { Fixed: length }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' },
  };
}

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** Writes `tokenizer.json` and `tokenizer_config.json` into a folder; the same texts give the same files. */
export async function writeTinyTokenizer(folder: string, texts: readonly string[], words = 600): Promise<void> {
  const counts = new Map<string, number>();
  const characters = new Set<string>();
  for (const word of texts.flatMap((text) => text.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [])) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const character of word) characters.add(character);
  }
  const frequent = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, words);
  const pieces = [...characters].sort().flatMap((character) => [character, `##${character}`]);
  const tokens = [...new Set([...SPECIAL, ...pieces, ...frequent.map(([word]) => word)])];
  const files = tokenizerFiles({ vocabulary: tokens, maxLength: 512 });
  // Settings that a folder may bring along and that must not survive.
  const tokenizer = { ...(JSON.parse(files['tokenizer.json']!) as object), ...fixedLength(7) };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ model_max_length: 512, max_length: 7 }));
}
