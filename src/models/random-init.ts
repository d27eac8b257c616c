// Makes a model folder of a given shape with random weights: a BERT encoder for the vocabulary of a given tokenizer, pooled and
// normalised, complete as a sentence-transformers folder. Same shape, seed and tokenizer: same bytes.
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FinalError } from '../errors.js';
import { WEIGHTS_FILE } from '../spec/published-files.js';
import type { RandomModelSpec } from '../spec/spec.js';
import { findArchitecture } from './architectures.js';
import { randomWeights } from './random-weights.js';
import { encodeSafetensors } from './safetensors.js';
import { sentenceFolderFiles } from './sentence-folder.js';
import { readTokenizerFiles } from './tokenizer-files.js';

/** Options of {@link makeRandomModel}. */
export interface MakeRandomModelOptions {
  spec: RandomModelSpec;
  /** Folder with `tokenizer.json`; `spec.tokenizer` is not looked at. */
  tokenizerFolder: string;
  /** Where the model goes; made when it is not there. */
  folder: string;
}

/**
 * Writes a random model's folder and returns the names of its files, sorted.
 *
 * @throws FinalError `InvalidSpec` when the width does not divide by the heads, `UnsupportedModel` without a tokenizer.
 */
export async function makeRandomModel({ spec, tokenizerFolder, folder }: MakeRandomModelOptions): Promise<string[]> {
  if (spec.hiddenSize % spec.numAttentionHeads !== 0)
    throw new FinalError(
      'InvalidSpec',
      `model.random.hiddenSize: a multiple of numAttentionHeads (${spec.numAttentionHeads}) is needed, got ${spec.hiddenSize}`,
    );
  const tokenizer = await readTokenizerFiles(tokenizerFolder, spec.maxPositionEmbeddings);
  const configJson = bertConfig(spec, tokenizer.vocabularySize, tokenizer.padTokenId);
  const architecture = findArchitecture(configJson);
  const weights = randomWeights({
    parameters: [...architecture.parameters(architecture.parseConfig(configJson)), ...poolerParameters(spec)],
    seed: spec.seed,
    padTokenId: tokenizer.padTokenId,
  });
  const files = new Map([
    ['config.json', `${JSON.stringify(configJson, null, 2)}\n`],
    ...tokenizer.files,
    ...sentenceFolderFiles({
      pooling: spec.pooling,
      normalize: true,
      maxSequenceLength: spec.maxPositionEmbeddings,
      prompts: {},
      lowerCase: false,
      dimension: spec.hiddenSize,
    }),
  ]);
  for (const [name, content] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  const chunks = Readable.from(encodeSafetensors(weights, { format: 'pt' }));
  await pipeline(chunks, createWriteStream(join(folder, WEIGHTS_FILE)));
  return [...files.keys(), WEIGHTS_FILE].sort();
}

/** The sentence pooler that BertModel holds and embeddings do not use; there, so that loading the folder warns of nothing. */
const poolerParameters = ({ hiddenSize }: RandomModelSpec): { name: string; shape: number[] }[] => [
  { name: 'pooler.dense.weight', shape: [hiddenSize, hiddenSize] },
  { name: 'pooler.dense.bias', shape: [hiddenSize] },
];

function bertConfig(spec: RandomModelSpec, vocabularySize: number, padTokenId: number): Record<string, unknown> {
  return {
    architectures: ['BertModel'],
    model_type: 'bert',
    attention_probs_dropout_prob: 0.1,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    hidden_size: spec.hiddenSize,
    initializer_range: 0.02,
    intermediate_size: spec.intermediateSize,
    layer_norm_eps: 1e-12,
    max_position_embeddings: spec.maxPositionEmbeddings,
    num_attention_heads: spec.numAttentionHeads,
    num_hidden_layers: spec.numHiddenLayers,
    pad_token_id: padTokenId,
    position_embedding_type: 'absolute',
    type_vocab_size: 2,
    vocab_size: vocabularySize,
  };
}
