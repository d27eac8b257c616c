// Names of a packed batch's inputs: the seam between packing (plain arrays) and the graphs that read them.

/** Inputs that a packed batch has once. */
export const PACKED_INPUTS = {
  inputIds: 'input_ids',
  positionIds: 'position_ids',
  qkvInverse: 'qkv_inverse',
  headInverse: 'head_inverse',
  pooling: 'pooling',
} as const;

/** Inputs that each group has. */
export type GroupInputName = 'query' | 'key' | 'value' | 'head' | 'lengths';

/** Name of a group's input. */
export function groupInput(name: GroupInputName, group: number): string {
  return `group_${group}_${name}`;
}

/** Name of a dropout mask; attention has one a group. */
export function maskInput(site: string, group?: number): string {
  return group === undefined ? `mask.${site}` : `mask.${site}.${group}`;
}

/** Dropout sites of an encoder, where transformers applies it. */
export const DROPOUT_SITES = {
  /** After the embeddings' LayerNorm. */
  embeddings: 'embeddings',
  /** On the attention probabilities of a layer. */
  attention: (layer: number) => `${layer}.attention`,
  /** After the attention's output product. */
  attentionOutput: (layer: number) => `${layer}.attention.output`,
  /** After the feed-forward block's second product. */
  feedForward: (layer: number) => `${layer}.output`,
} as const;
