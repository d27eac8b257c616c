// Estimates the memory of a training step, so that a micro-batch can be chosen before anything is loaded. Measured against the
// process's peak for encoders of 384 and 768 units: within a fifth, and rather above than below. A run that has batches in one piece
// and others in micro-batches keeps the memory of both graphs, up to 1.6 × of this, which the share of the planning leaves room for.
import type { DropoutRates, EncoderConfig } from '../models/architecture.js';
import type { FreezeSpec } from '../spec/spec.js';
import { differentiatedFrom } from './freeze.js';

/** What a step is made of. */
export interface StepMemory {
  config: EncoderConfig;
  /** Values of all parameters, and of those that are trained (default: all). */
  parameters: number;
  trainedParameters?: number;
  /** Default nothing. */
  freeze?: FreezeSpec | undefined;
  /** Tokens of each text of one micro-batch, the largest that there will be. */
  lengths: readonly number[];
  /** Texts of the whole batch, at least those of the micro-batch, which is the default. */
  texts?: number;
  /** Default none. */
  dropout?: DropoutRates;
  /** Copies of the parameters beside weights and gradients: 2 for the moments of AdamW, which is the default. */
  optimizerCopies?: number;
}

/** Node, ONNX Runtime and the code. */
const BASE_BYTES = 200 * 2 ** 20;
/**
 * What a layer keeps for the backward pass, in hidden sizes a token: its input, query, key and value in groups, attention's result
 * twice, both residual sums and the middle LayerNorm's output.
 */
const STATES_A_LAYER = 9;
/** Values that a layer keeps of the feed-forward block, in intermediate sizes a token: what goes into its GELU. */
const FEED_FORWARD_A_LAYER = 1;
/** Room that ONNX Runtime's arena takes beyond what is in use, and what the backward pass works in. */
const ARENA_FACTOR = 1.3;

/** Estimated peak of the process in MiB. */
export function estimateMemoryMb({
  config: { hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads },
  parameters,
  trainedParameters = parameters,
  freeze,
  lengths,
  texts = lengths.length,
  dropout = { hidden: 0, attention: 0 },
  optimizerCopies = 2,
}: StepMemory): number {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const scores = numAttentionHeads * lengths.reduce((sum, length) => sum + length * length, 0);
  const values = tokens * (STATES_A_LAYER * hiddenSize + FEED_FORWARD_A_LAYER * intermediateSize) + scores;
  const masked = dropout.attention > 0 ? scores : 0;
  // What a layer below the backward pass makes is gone with the next one.
  const keptLayers = Math.max(1, numHiddenLayers - differentiatedFrom(freeze));
  const activations = 4 * keptLayers * (values + masked);
  const maskBytes =
    (dropout.hidden > 0 ? (2 * numHiddenLayers + 1) * tokens * hiddenSize : 0) +
    (dropout.attention > 0 ? numHiddenLayers * scores : 0);
  // The matrices [texts, tokens] that pool the micro-batches are there together: no more than all texts × the most tokens.
  const poolingBytes = 4 * texts * tokens;
  // Weights, the gradients as the graph gives them and, for a time, their copies; then the optimiser's.
  const parameterBytes = 4 * (parameters + trainedParameters * (2 + optimizerCopies));
  return (BASE_BYTES + parameterBytes + ARENA_FACTOR * activations + maskBytes + poolingBytes) / 2 ** 20;
}
