// The files of a lower-casing WordPiece tokenizer in the layout that transformers, transformers.js and fastembed read:
// tokenizer.json (the tokenizers library's format), vocab.txt, tokenizer_config.json and special_tokens_map.json.

/**
 * Makes the tokenizer's files; no truncation or padding is fixed in them.
 *
 * @param {{ vocabulary: readonly string[], maxLength: number }} input the vocabulary in the order of its ids, with
 *   [PAD], [UNK], [CLS], [SEP] and [MASK] in it
 * @returns {Record<string, string>} contents by file name
 */
export function tokenizerFiles({ vocabulary, maxLength }) {
  const ids = new Map(vocabulary.map((piece, id) => [piece, id]));
  /** @param {string} token */
  const idOf = (token) => {
    const id = ids.get(token);
    if (id === undefined) throw new Error(`tokenizer: the vocabulary needs ${token}`);
    return id;
  };
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const added = special.map((content) => ({
    id: idOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  /** @param {string} id @param {number} typeId */
  const specialPart = (id, typeId) => ({ SpecialToken: { id, type_id: typeId } });
  /** @param {string} id @param {number} typeId */
  const sequencePart = (id, typeId) => ({ Sequence: { id, type_id: typeId } });
  const single = [specialPart('[CLS]', 0), sequencePart('A', 0), specialPart('[SEP]', 0)];
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
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
      single,
      pair: [...single, sequencePart('B', 1), specialPart('[SEP]', 1)],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
  const names = {
    cls_token: '[CLS]',
    mask_token: '[MASK]',
    pad_token: '[PAD]',
    sep_token: '[SEP]',
    unk_token: '[UNK]',
  };
  const config = {
    ...names,
    do_basic_tokenize: true,
    do_lower_case: true,
    model_max_length: maxLength,
    never_split: null,
    strip_accents: null,
    tokenize_chinese_chars: true,
    tokenizer_class: 'BertTokenizer',
  };
  return {
    // Integer-like pieces must not come first in `vocab`, so its order in the file is not that of the ids; readers go by the ids.
    'tokenizer.json': `${JSON.stringify(tokenizer)}\n`,
    'tokenizer_config.json': `${JSON.stringify(config, null, 2)}\n`,
    'special_tokens_map.json': `${JSON.stringify(names, null, 2)}\n`,
    'vocab.txt': `${vocabulary.join('\n')}\n`,
  };
}
