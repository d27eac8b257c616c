// BERT (Devlin et al. 2018) as transformers lays it out: BGE, MiniLM, E5, GTE and other encoders with `model_type: "bert"`.
// Absolute positions and the exact GELU only; no pooler, no decoder, no cross-attention. The forward pass is in bert-encoder.ts.
import { z } from 'zod';
import { FinalError } from '../errors.js';
import type { Architecture, EncoderConfig, ParameterShape } from './architecture.js';
import { buildPackedEncoder, buildPaddedEncoder } from './bert-encoder.js';
import { engineParameters, fromEngine, toEngine } from './bert-layout.js';

const size = z.number().int().positive();
const rate = z.number().min(0).max(1);
const configSchema = z.object({
  model_type: z.literal('bert'),
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  vocab_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: z
    .literal('gelu', { error: (issue) => `only "gelu" is supported, got ${JSON.stringify(issue.input)}` })
    .default('gelu'),
  hidden_dropout_prob: rate.default(0.1),
  attention_probs_dropout_prob: rate.default(0.1),
  position_embedding_type: z
    .literal('absolute', { error: (issue) => `only "absolute" is supported, got ${JSON.stringify(issue.input)}` })
    .nullish(),
  is_decoder: z.literal(false, { error: 'a decoder is not an encoder' }).nullish(),
  add_cross_attention: z.literal(false, { error: 'cross-attention is not supported' }).nullish(),
});

function parseConfig(json: unknown): EncoderConfig {
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw new FinalError('UnsupportedModel', `config.json: not a BERT encoder that can be trained: ${problems}`, {
      cause: parsed.error,
    });
  }
  const config = parsed.data;
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new FinalError(
      'UnsupportedModel',
      `config.json: hidden_size must be a multiple of num_attention_heads, got ${config.hidden_size} and ${config.num_attention_heads}`,
    );
  }
  return {
    modelType: config.model_type,
    hiddenSize: config.hidden_size,
    numHiddenLayers: config.num_hidden_layers,
    numAttentionHeads: config.num_attention_heads,
    intermediateSize: config.intermediate_size,
    vocabSize: config.vocab_size,
    maxPositionEmbeddings: config.max_position_embeddings,
    typeVocabSize: config.type_vocab_size,
    layerNormEps: config.layer_norm_eps,
    hiddenAct: config.hidden_act,
    hiddenDropout: config.hidden_dropout_prob,
    attentionDropout: config.attention_probs_dropout_prob,
  };
}

function parameters({
  hiddenSize: H,
  intermediateSize: F,
  numHiddenLayers,
  vocabSize,
  maxPositionEmbeddings,
  typeVocabSize,
}: EncoderConfig): ParameterShape[] {
  const dense = (name: string, inner: number, outer: number): ParameterShape[] => [
    { name: `${name}.weight`, shape: [outer, inner] },
    { name: `${name}.bias`, shape: [outer] },
  ];
  const norm = (name: string): ParameterShape[] => [
    { name: `${name}.weight`, shape: [H] },
    { name: `${name}.bias`, shape: [H] },
  ];
  const layer = (at: string): ParameterShape[] => [
    ...dense(`${at}.attention.self.query`, H, H),
    ...dense(`${at}.attention.self.key`, H, H),
    ...dense(`${at}.attention.self.value`, H, H),
    ...dense(`${at}.attention.output.dense`, H, H),
    ...norm(`${at}.attention.output.LayerNorm`),
    ...dense(`${at}.intermediate.dense`, H, F),
    ...dense(`${at}.output.dense`, F, H),
    ...norm(`${at}.output.LayerNorm`),
  ];
  return [
    { name: 'embeddings.word_embeddings.weight', shape: [vocabSize, H] },
    { name: 'embeddings.position_embeddings.weight', shape: [maxPositionEmbeddings, H] },
    { name: 'embeddings.token_type_embeddings.weight', shape: [typeVocabSize, H] },
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: numHiddenLayers }, (_, at) => layer(`encoder.layer.${at}`)).flat(),
  ];
}

/** The BERT family. */
export const bert: Architecture = {
  modelTypes: ['bert'],
  parseConfig,
  parameters,
  engineParameters,
  toEngine,
  fromEngine,
  embeddingTables: () => [
    { parameter: 'embeddings.word_embeddings.weight', index: 'input_ids' },
    { parameter: 'embeddings.position_embeddings.weight', index: 'position_ids' },
    { parameter: 'embeddings.token_type_embeddings.weight', index: null },
  ],
  buildPackedEncoder,
  buildPaddedEncoder,
};
