// The files that make a sentence-transformers folder of an encoder: modules.json and what it names. The type names and both styles of
// pooling configuration are those that versions 2 to 6 open, and other programs read besides.
import type { EncoderModel } from './model-folder.js';

/** What the files say. */
export interface SentenceFolderOptions extends Pick<
  EncoderModel,
  'pooling' | 'normalize' | 'maxSequenceLength' | 'prompts' | 'lowerCase'
> {
  /** Width of a token's vector. */
  dimension: number;
}

/** File name → content, in a fixed order. */
export function sentenceFolderFiles({
  pooling,
  normalize,
  maxSequenceLength,
  prompts,
  lowerCase,
  dimension,
}: SentenceFolderOptions): Map<string, string> {
  const modules = ['Transformer', 'Pooling', ...(normalize ? ['Normalize'] : [])].map((kind, index) => ({
    idx: index,
    name: String(index),
    path: index === 0 ? '' : `${index}_${kind}`,
    type: `sentence_transformers.models.${kind}`,
  }));
  const files = new Map([
    ['modules.json', pretty(modules)],
    ['sentence_bert_config.json', pretty({ max_seq_length: maxSequenceLength, do_lower_case: lowerCase })],
    [
      '1_Pooling/config.json',
      pretty({
        word_embedding_dimension: dimension,
        pooling_mode_cls_token: pooling === 'cls',
        pooling_mode_mean_tokens: pooling === 'mean',
        pooling_mode_max_tokens: false,
        pooling_mode_mean_sqrt_len_tokens: false,
        pooling_mode_weightedmean_tokens: false,
        pooling_mode_lasttoken: false,
        include_prompt: true,
        pooling_mode: pooling,
      }),
    ],
    [
      'config_sentence_transformers.json',
      pretty({
        __version__: { sentence_transformers: '2.2.2' },
        prompts: {
          query: prompts.query ?? '',
          document: prompts.passage ?? '',
          ...(prompts.passage ? { passage: prompts.passage } : {}),
        },
        default_prompt_name: null,
        similarity_fn_name: 'cosine',
      }),
    ],
  ]);
  if (normalize) files.set('2_Normalize/config.json', pretty({}));
  return files;
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
