// The graph's side of packing: the inputs that src/text/packing.ts feeds, as tensors of the IR.
import { input, paddingScores } from '../graph/build.js';
import type { Tensor } from '../graph/tensor.js';
import { groupInput, maskInput, PACKED_INPUTS } from '../text/packed-names.js';

/** Inputs of one group of texts of like length. */
export interface GroupInputs {
  /** Rows of query, key and value of each (text, head, place): `[texts, heads, places]`. */
  query: Tensor;
  key: Tensor;
  value: Tensor;
  /** Rows of (token, head): `[texts, heads, places]`. */
  head: Tensor;
  /** 0 at a text's places, −10⁹ at padding: `[texts, 1, 1, places]`. */
  bias: Tensor;
}

/** Inputs of a packed batch. */
export interface PackedInputs {
  /** `[tokens]`. */
  inputIds: Tensor;
  positionIds: Tensor;
  groups: readonly GroupInputs[];
  /** Slot of each (token, query | key | value, head) among all groups: `[tokens, 3 · heads]`. */
  qkvInverse: Tensor;
  /** Slot of each (token, head): `[tokens, heads]`. */
  headInverse: Tensor;
  /** Weights of the tokens in each text's embedding: `[texts, tokens]`. */
  pooling: Tensor;
}

/** Inputs for a number of groups. */
export function packedInputs({ groups, heads }: { groups: number; heads: number }): PackedInputs {
  const group = (place: number): GroupInputs => {
    const slots = [`texts ${place}`, heads, `places ${place}`];
    const index = (name: Parameters<typeof groupInput>[0]): Tensor => input(groupInput(name, place), 'int32', slots);
    return {
      query: index('query'),
      key: index('key'),
      value: index('value'),
      head: index('head'),
      bias: paddingScores(input(groupInput('lengths', place), 'int32', [`texts ${place}`]), `places ${place}`),
    };
  };
  return {
    inputIds: input(PACKED_INPUTS.inputIds, 'int32', ['tokens']),
    positionIds: input(PACKED_INPUTS.positionIds, 'int32', ['tokens']),
    groups: Array.from({ length: groups }, (_, place) => group(place)),
    qkvInverse: input(PACKED_INPUTS.qkvInverse, 'int32', ['tokens', 3 * heads]),
    headInverse: input(PACKED_INPUTS.headInverse, 'int32', ['tokens', heads]),
    pooling: input(PACKED_INPUTS.pooling, 'float32', ['texts', 'tokens']),
  };
}

/** Dropout mask of hidden states at a site: `[tokens, hidden]`. */
export function hiddenMask(site: string, hiddenSize: number): Tensor {
  return input(maskInput(site), 'uint8', ['tokens', hiddenSize]);
}

/** Dropout mask of attention probabilities at a site, for one group: `[texts, heads, places, places]`. */
export function attentionMask(site: string, group: number, heads: number): Tensor {
  return input(maskInput(site, group), 'uint8', [`texts ${group}`, heads, `places ${group}`, `places ${group}`]);
}
