// BERT's tensors in the engine's layout. Query, key and value are one product: `attention.self.qkv.weight` [hidden, 3·hidden] and
// `.bias` [3·hidden]. It and `intermediate.dense.weight` [hidden, intermediate] are stored [in, out], the other two products
// [out, in] as in PyTorch: so each weight gradient transposes a [tokens, hidden] operand, never the four times wider one.
import { FinalError } from '../errors.js';
import type { EncoderConfig, EngineParameter } from './architecture.js';
import type { Weights } from './safetensors.js';

const PARTS = ['query', 'key', 'value'] as const;

/** The engine parameters of one encoder layer. */
export interface BertLayerParameters {
  qkvWeight: EngineParameter;
  qkvBias: EngineParameter;
  outputWeight: EngineParameter;
  outputBias: EngineParameter;
  attentionNormWeight: EngineParameter;
  attentionNormBias: EngineParameter;
  intermediateWeight: EngineParameter;
  intermediateBias: EngineParameter;
  feedForwardWeight: EngineParameter;
  feedForwardBias: EngineParameter;
  feedForwardNormWeight: EngineParameter;
  feedForwardNormBias: EngineParameter;
}

/** The engine parameters of the embeddings. */
export interface BertEmbeddingParameters {
  words: EngineParameter;
  positions: EngineParameter;
  tokenTypes: EngineParameter;
  normWeight: EngineParameter;
  normBias: EngineParameter;
}

type Block = EngineParameter['block'];

/** Makes parameters of a block: weights, and what weight decay leaves alone. */
function parametersOf(
  block: Block,
): Record<'weight' | 'undecayed', (name: string, ...shape: number[]) => EngineParameter> {
  return {
    weight: (name, ...shape) => ({ name, shape, decay: true, block }),
    undecayed: (name, ...shape) => ({ name, shape, decay: false, block }),
  };
}

/** Names and shapes of the embeddings. */
export function embeddingParameters(config: EncoderConfig): BertEmbeddingParameters {
  const H = config.hiddenSize;
  const { weight, undecayed } = parametersOf('embeddings');
  return {
    words: weight('embeddings.word_embeddings.weight', config.vocabSize, H),
    positions: weight('embeddings.position_embeddings.weight', config.maxPositionEmbeddings, H),
    tokenTypes: weight('embeddings.token_type_embeddings.weight', config.typeVocabSize, H),
    normWeight: undecayed('embeddings.LayerNorm.weight', H),
    normBias: undecayed('embeddings.LayerNorm.bias', H),
  };
}

/** Names and shapes of one encoder layer, from 0. */
export function layerParameters(
  { hiddenSize: H, intermediateSize: F }: EncoderConfig,
  layer: number,
): BertLayerParameters {
  const at = `encoder.layer.${layer}`;
  const { weight, undecayed } = parametersOf(layer);
  return {
    qkvWeight: weight(`${at}.attention.self.qkv.weight`, H, 3 * H),
    qkvBias: undecayed(`${at}.attention.self.qkv.bias`, 3 * H),
    outputWeight: weight(`${at}.attention.output.dense.weight`, H, H),
    outputBias: undecayed(`${at}.attention.output.dense.bias`, H),
    attentionNormWeight: undecayed(`${at}.attention.output.LayerNorm.weight`, H),
    attentionNormBias: undecayed(`${at}.attention.output.LayerNorm.bias`, H),
    intermediateWeight: weight(`${at}.intermediate.dense.weight`, H, F),
    intermediateBias: undecayed(`${at}.intermediate.dense.bias`, F),
    feedForwardWeight: weight(`${at}.output.dense.weight`, H, F),
    feedForwardBias: undecayed(`${at}.output.dense.bias`, H),
    feedForwardNormWeight: undecayed(`${at}.output.LayerNorm.weight`, H),
    feedForwardNormBias: undecayed(`${at}.output.LayerNorm.bias`, H),
  };
}

/** All engine parameters in a fixed order. */
export function engineParameters(config: EncoderConfig): EngineParameter[] {
  const layers = Array.from({ length: config.numHiddenLayers }, (_, layer) => layerParameters(config, layer));
  return [embeddingParameters(config), ...layers].flatMap((group) => Object.values(group) as EngineParameter[]);
}

/** PyTorch's tensors to the engine's. */
export function toEngine(config: EncoderConfig, weights: Weights): Map<string, Float32Array> {
  const { hiddenSize: H, intermediateSize: F } = config;
  const take = (name: string): Float32Array => {
    const tensor = weights.get(name);
    if (tensor === undefined) throw new FinalError('UnsupportedModel', `Weights: a tensor is missing, ${name}`);
    return tensor.data;
  };
  const result = new Map<string, Float32Array>();
  for (const { name } of engineParameters(config)) {
    if (name.includes('.qkv.')) {
      const sources = PARTS.map((part) => take(name.replace('qkv', part)));
      const data = new Float32Array(3 * sources[0]!.length);
      if (name.endsWith('.bias')) sources.forEach((source, part) => data.set(source, part * H));
      else sources.forEach((source, part) => writeTransposed(source, H, H, data, 3 * H, part * H));
      result.set(name, data);
    } else if (name.endsWith('.intermediate.dense.weight')) {
      const data = new Float32Array(H * F);
      writeTransposed(take(name), F, H, data, F, 0);
      result.set(name, data);
    } else {
      result.set(name, Float32Array.from(take(name)));
    }
  }
  return result;
}

/** The engine's tensors to PyTorch's; also good for gradients, which have the same layout. */
export function fromEngine(config: EncoderConfig, parameters: ReadonlyMap<string, Float32Array>): Weights {
  const { hiddenSize: H, intermediateSize: F } = config;
  const result: Weights = new Map();
  for (const { name, shape } of engineParameters(config)) {
    const data = parameters.get(name);
    if (data === undefined) throw new Error(`fromEngine: a parameter is missing, ${name}`);
    if (name.includes('.qkv.')) {
      PARTS.forEach((part, at) => {
        const target = name.replace('qkv', part);
        if (name.endsWith('.bias')) {
          result.set(target, { shape: [H], data: data.slice(at * H, (at + 1) * H) });
        } else {
          result.set(target, { shape: [H, H], data: readTransposed(data, 3 * H, at * H, H, H) });
        }
      });
    } else if (name.endsWith('.intermediate.dense.weight')) {
      result.set(name, { shape: [F, H], data: readTransposed(data, F, 0, H, F) });
    } else {
      result.set(name, { shape, data: data.slice() });
    }
  }
  return result;
}

/** `target[c, first + r] = source[r, c]` for a source of rows × columns and a target of the given row width. */
function writeTransposed(
  source: Float32Array,
  rows: number,
  columns: number,
  target: Float32Array,
  width: number,
  first: number,
): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) target[c * width + first + r] = source[r * columns + c]!;
  }
}

/** Columns `first … first + columns` of a matrix of the given row width, transposed to columns × rows. */
function readTransposed(
  source: Float32Array,
  width: number,
  first: number,
  rows: number,
  columns: number,
): Float32Array {
  const result = new Float32Array(rows * columns);
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) result[c * rows + r] = source[r * width + first + c]!;
  }
  return result;
}
