// A WordPiece tokenizer of its own for tests: special tokens, every character of the texts, and their most frequent words.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
  const special = (name: string) => ({ id: name, ids: [tokens.indexOf(name)], tokens: [name] });
  const tokenizer = {
    version: '1.0',
    // Settings that a folder may bring along and that must not survive.
    truncation: { direction: 'Right', max_length: 7, strategy: 'LongestFirst', stride: 0 },
    padding: { strategy: { Fixed: 7 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' },
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: { '[CLS]': special('[CLS]'), '[SEP]': special('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ model_max_length: 512, max_length: 7 }));
}
