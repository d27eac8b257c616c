// What the epoch loop needs of an engine: one training step, the live parameters, and a way to put them back. The engine on ONNX Runtime
// (engine.ts) has more; tests use a small one in plain TypeScript.

/** A trainable tensor in the engine's own layout; `data` is live and is updated in place. */
export interface Parameter {
  name: string;
  shape: readonly number[];
  data: Float32Array;
  /** False for biases and LayerNorm: weight decay leaves them alone. */
  decay: boolean;
}

/** Token ids of a batch: document `i` answers query `i`. */
export interface TrainingBatch {
  queries: Int32Array[];
  documents: Int32Array[];
  /** The step from 0 over the whole run: dropout masks follow from it. */
  step: number;
  /** Tokens of a micro-batch; a batch with no more is one piece. Default: no limit. */
  microBatchTokens?: number;
  /** Called after each pass of a micro-batch, so that a long step shows that it goes on. */
  onMicroBatch?: () => Promise<void>;
}

/**
 * By parameter: the rows (first axis), ascending, outside of which its gradient is 0. One without an entry may have any. Most of a word
 * embedding is out of a batch's reach, and need not be looked at.
 */
export type TouchedRows = ReadonlyMap<string, Int32Array>;

/** Loss and gradients of a batch; the gradients are valid until the next step. */
export interface StepResult {
  loss: number;
  gradients: Map<string, Float32Array>;
  touchedRows?: TouchedRows;
  tokens: number;
}

/** A model that can be trained step by step. */
export interface TrainingEngine {
  /** Those that are trained. */
  readonly parameters: readonly Parameter[];
  /** Length of an embedding: the encoder's units. */
  readonly dimension: number;
  step(batch: TrainingBatch): Promise<StepResult>;
  /** Puts parameters back from a checkpoint; what was frozen, and so is not in it, is the base model's. */
  load(parameters: Map<string, Float32Array>): Promise<void> | void;
  dispose(): Promise<void>;
}
