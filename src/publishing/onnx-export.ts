// The encoder as ONNX files that ONNX Runtime reads since version 1.14: operator set 17, IR 8, standard operators, float32.
// `model.onnx` gives token states and the embedding; `model_pooled.onnx` gives the embedding at every token as well, for programs
// that pool in one way only: mean, CLS and last token of equal vectors are that vector.
import * as g from '../graph/build.js';
import { emitOnnx } from '../graph/emission/emit-onnx.js';
import type { Tensor } from '../graph/tensor.js';
import type { ParameterSource } from '../models/architecture.js';
import type { EncoderModel } from '../models/model-folder.js';
import { poolPadded } from '../models/pooling.js';
import type { Weights } from '../models/safetensors.js';

/** The two files. */
export interface OnnxExport {
  /** Outputs `last_hidden_state` [batch, sequence, dimension] (token states) and `sentence_embedding` [batch, dimension]. */
  model: Uint8Array;
  /** The same outputs, `last_hidden_state` being the embedding at every token. */
  pooled: Uint8Array;
}

/** What of a model the files follow from. */
export interface ExportableModel extends Pick<EncoderModel, 'architecture' | 'config' | 'pooling' | 'normalize'> {
  /** Id of the token that closes every text; undefined when the tokenizer puts none there. */
  closingTokenId?: number | undefined;
}

/** Exports an encoder; inputs `input_ids`, `attention_mask`, `token_type_ids`, int64 [batch, sequence], padded on the right. */
export function exportOnnx(model: ExportableModel, weights: Weights): OnnxExport {
  const { architecture, config, pooling, normalize, closingTokenId } = model;
  const encoder = architecture.buildPaddedEncoder(config, constants(model, weights), {
    prepareIds: (ids, mask) => (closingTokenId === undefined ? ids : closeTexts(ids, mask, closingTokenId)),
  });
  const { inputIds, attentionMask, tokenTypeIds, lastHiddenState } = encoder;
  const embedding = poolPadded(lastHiddenState, attentionMask, { pooling, normalize });
  const H = config.hiddenSize;
  const repeated = g.expand(g.reshape(embedding, ['batch', 1, H]), ['batch', 'sequence', H]);
  const file = (last_hidden_state: Tensor): Uint8Array =>
    emitOnnx(
      { last_hidden_state, sentence_embedding: embedding },
      { opset: 17, standardOnly: true, inputs: [inputIds, attentionMask, tokenTypeIds] },
    ).bytes;
  return { model: file(lastHiddenState), pooled: file(repeated) };
}

/**
 * Puts the closing token ([SEP]) in a text's last place. Where it stands already, which is the rule, nothing changes; transformers.js
 * cuts a long text without keeping it, and then the embedding would differ from that of sentence-transformers (cosine 0.96).
 */
function closeTexts(ids: Tensor, mask: Tensor, closingTokenId: number): Tensor {
  const last = g.sub(g.reduceSum(g.cast(mask, 'float32'), { axes: [1] }), g.scalar(1)); // [batch, 1]
  const distance = g.sub(g.cast(g.range('sequence'), 'float32'), last); // [batch, sequence]
  // exp(−1000·d²) is exactly 1 at d = 0 and exactly 0 in float32 from d = 1 on.
  const isLast = g.exp(g.mul(g.mul(distance, distance), g.scalar(-1000)));
  const asFed = g.cast(ids, 'float32'); // exact: ids are below 2^24
  return g.cast(g.add(asFed, g.mul(isLast, g.sub(g.scalar(closingTokenId), asFed))), 'int64');
}

/** Every parameter as a stored tensor, one each. */
function constants({ architecture, config }: ExportableModel, weights: Weights): ParameterSource {
  const data = architecture.toEngine(config, weights);
  const made = new Map<string, Tensor>();
  return ({ name, shape }) => {
    const tensor = made.get(name) ?? g.constant('float32', shape, data.get(name)!, name);
    made.set(name, tensor);
    return tensor;
  };
}
