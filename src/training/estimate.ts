// Rough figures before a training begins: how many pairs fit into memory at once, and what time, memory and disk it will take.
import { availableParallelism, totalmem } from 'node:os';

/** Share of the machine's memory that training may plan with: a run with two kinds of steps takes up to 1.6 × of it (engine-memory.ts). */
const MEMORY_SHARE = 0.6;
/** Floating-point operations a second and thread; measured on two kinds of servers between 80 and 200 thousand million. */
const OPERATIONS_PER_THREAD = 1.2e11;
/** Slower than this, all threads together, no machine trains: a step that takes longer hangs. */
const LEAST_OPERATIONS_PER_SECOND = 4e9;
/** Seconds that clipping and AdamW take a parameter. */
const OPTIMIZER_SECONDS_PER_PARAMETER = 5e-9;
/** Weights and both moments in float32. */
const CHECKPOINT_BYTES_PER_PARAMETER = 12;
/** What keeps its tensors (retention.ts): the newest two, the last two ends of epochs, the chosen one; one more is being written. */
const MOST_CHECKPOINTS = 6;
/** Inside an epoch: the newest two and the one being written. */
const CHECKPOINTS_INSIDE_EPOCH = 3;
/** The published folder's weights, its two ONNX files and the small one. */
const PUBLISHED_BYTES_PER_PARAMETER = 14;

/** Memory that this process may use, in MiB: the machine's, or its container's limit. */
export function memoryLimitMb(): number {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  return Math.floor((constrained > 0 && constrained < total ? constrained : total) / 2 ** 20);
}

/** Options of {@link chooseMicroBatchSize}. */
export interface MicroBatchOptions {
  batchSize: number;
  /** Tokens of the largest batch, and of the largest pair. */
  batchTokens: number;
  pairTokens: number;
  limitMb: number;
  estimateMb: (tokens: number) => number;
}

/** The whole batch when it fits into memory, else the largest of its halves, quarters, … that does; at least one pair. */
export function chooseMicroBatchSize({
  batchSize,
  batchTokens,
  pairTokens,
  limitMb,
  estimateMb,
}: MicroBatchOptions): number {
  const fits = (tokens: number): boolean => estimateMb(tokens) <= limitMb * MEMORY_SHARE;
  let size = batchSize;
  while (size > 1 && !fits(size === batchSize ? batchTokens : Math.min(batchTokens, size * pairTokens))) {
    size = Math.ceil(size / 2);
  }
  return size;
}

/** What {@link longestStepMs} goes by: as the plan has it (plan.ts), and the trained tensors. */
export interface StepSize {
  microBatchSize: number;
  tokens: { largestBatch: number; largestPair: number };
  parameters: readonly { data: { length: number } }[];
}

/**
 * Milliseconds that the largest piece of a step, a micro-batch or the whole batch, takes at most on a slow and busy machine: a forward
 * pass is two operations a token and parameter, a backward pass twice that.
 */
export function longestStepMs({ microBatchSize, tokens, parameters }: StepSize): number {
  const piece = Math.min(tokens.largestBatch, microBatchSize * tokens.largestPair);
  const values = parameters.reduce((sum, { data }) => sum + data.length, 0);
  return Math.ceil(((6 * piece * values) / LEAST_OPERATIONS_PER_SECOND) * 1000);
}

/** What {@link estimateRun} goes by. */
export interface RunSize {
  steps: number;
  epochs: number;
  /** Tokens over all steps. */
  tokens: number;
  parameters: number;
  /** Those that are not frozen; default all. */
  trainedParameters?: number;
  /** Parameters that take part in matrix products: all but the embeddings; those without a backward pass count a third. */
  denseParameters: number;
  /** Measured seconds of a step with so many tokens, where a step was tried. */
  measured?: { seconds: number; tokens: number } | undefined;
}

/** Seconds of training (without evaluation) and MiB of disk. */
export function estimateRun(size: RunSize): { seconds: number; diskMb: number } {
  const { steps, epochs, tokens, parameters, trainedParameters = parameters, denseParameters, measured } = size;
  // Forward and backward pass take six operations a parameter and token.
  const secondsPerToken = measured
    ? measured.seconds / Math.max(1, measured.tokens)
    : (6 * denseParameters) / (OPERATIONS_PER_THREAD * availableParallelism());
  const seconds = tokens * secondsPerToken + steps * trainedParameters * OPTIMIZER_SECONDS_PER_PARAMETER;
  const checkpoints = Math.min(epochs + CHECKPOINTS_INSIDE_EPOCH, MOST_CHECKPOINTS);
  const bytes =
    trainedParameters * checkpoints * CHECKPOINT_BYTES_PER_PARAMETER + parameters * PUBLISHED_BYTES_PER_PARAMETER;
  return { seconds: Math.ceil(seconds), diskMb: Math.ceil(bytes / 2 ** 20) };
}
