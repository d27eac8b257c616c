// What an encoder architecture must say of itself: how its config reads, which tensors it has in PyTorch's names and in the engine's
// own layout, and its forward pass as a graph, packed (training, embedding) and padded (publishing).
import type { Tensor } from '../graph/tensor.js';
import type { PackedInputs } from './packed-inputs.js';
import type { Weights } from './safetensors.js';

/** An encoder's `config.json`, in camel case. */
export interface EncoderConfig {
  modelType: string;
  hiddenSize: number;
  numHiddenLayers: number;
  numAttentionHeads: number;
  intermediateSize: number;
  vocabSize: number;
  maxPositionEmbeddings: number;
  typeVocabSize: number;
  layerNormEps: number;
  hiddenAct: 'gelu';
  /** Dropout of hidden states in training. */
  hiddenDropout: number;
  /** Dropout of attention probabilities in training. */
  attentionDropout: number;
}

/** Name and shape of a tensor. */
export interface ParameterShape {
  name: string;
  shape: number[];
}

/** A parameter in the engine's layout. */
export interface EngineParameter extends ParameterShape {
  /** False for biases and LayerNorm, which weight decay leaves alone. */
  decay: boolean;
  /** Where it stands: in the embeddings, or in a layer counted from 0 above them. */
  block: 'embeddings' | number;
}

/** Gives the tensor of an engine parameter: an input when training, a constant when publishing. */
export type ParameterSource = (parameter: EngineParameter) => Tensor;

/** Dropout in a training graph: probabilities of hidden states and of attention probabilities. */
export interface DropoutRates {
  hidden: number;
  attention: number;
}

/** What the packed forward pass takes beside the parameters. */
export interface PackedEncoderOptions {
  inputs: PackedInputs;
  /** Adds mask inputs at the architecture's dropout sites; a rate of 0 adds none. */
  dropout?: DropoutRates | undefined;
}

/** A packed forward pass. */
export interface PackedEncoder {
  /** Final hidden states, `[tokens, hidden]`. */
  hidden: Tensor;
  /** Sum of the embeddings before their LayerNorm, `[tokens, hidden]`: the gradient leaves the graph here. */
  embedded: Tensor;
}

/** What the padded forward pass may be told. */
export interface PaddedEncoderOptions {
  /** Makes the token ids that are looked up from those that were fed and the attention mask; default: as fed. */
  prepareIds?: (inputIds: Tensor, attentionMask: Tensor) => Tensor;
}

/** A padded forward pass with the inputs that transformers exports: int64 `[batch, sequence]`. */
export interface PaddedEncoder {
  inputIds: Tensor;
  attentionMask: Tensor;
  tokenTypeIds: Tensor;
  /** `[batch, sequence, hidden]`. */
  lastHiddenState: Tensor;
}

/** A table whose rows make up `embedded`, and the packed input that says which; null: row 0 for every token. */
export interface EmbeddingTable {
  parameter: string;
  index: 'input_ids' | 'position_ids' | null;
}

/** One encoder architecture; implementations: bert.ts. */
export interface Architecture {
  /** Values of `model_type` that it serves. */
  readonly modelTypes: readonly string[];
  /** Reads `config.json`; throws a FinalError UnsupportedModel that names the field and what is supported. */
  parseConfig(json: unknown): EncoderConfig;
  /** Tensors in PyTorch's names and layouts, in a fixed order. */
  parameters(config: EncoderConfig): ParameterShape[];
  /** Tensors in the engine's layout, in a fixed order. */
  engineParameters(config: EncoderConfig): EngineParameter[];
  /** PyTorch's tensors to the engine's (always copies). */
  toEngine(config: EncoderConfig, weights: Weights): Map<string, Float32Array>;
  /** The engine's tensors to PyTorch's (always copies). */
  fromEngine(config: EncoderConfig, parameters: ReadonlyMap<string, Float32Array>): Weights;
  /** The tables that receive the gradient of `embedded`. */
  embeddingTables(config: EncoderConfig): EmbeddingTable[];
  /** Forward pass over packed tokens. */
  buildPackedEncoder(config: EncoderConfig, parameter: ParameterSource, options: PackedEncoderOptions): PackedEncoder;
  /** Forward pass over a padded batch, as published; standard operators of set 17 suffice to emit it. */
  buildPaddedEncoder(config: EncoderConfig, parameter: ParameterSource, options?: PaddedEncoderOptions): PaddedEncoder;
}
