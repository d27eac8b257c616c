// BERT's forward pass as a graph. Both forms run their products on [tokens, hidden] rows; they differ in how attention finds its
// texts: packed rows are gathered into groups of like length, a padded batch is reshaped. LayerNorm comes after each residual sum.
import * as g from '../graph/build.js';
import type { Tensor } from '../graph/tensor.js';
import { DROPOUT_SITES } from '../text/packed-names.js';
import type {
  DropoutRates,
  EncoderConfig,
  PackedEncoder,
  PackedEncoderOptions,
  PaddedEncoder,
  PaddedEncoderOptions,
  ParameterSource,
} from './architecture.js';
import { embeddingParameters, layerParameters } from './bert-layout.js';
import { attentionMask, hiddenMask, type PackedInputs } from './packed-inputs.js';

/** Added to the scores of padding: its probability is exactly 0. */
const MASKED_SCORE = -1e9;

/** What differs between the forms of one layer. */
interface LayerOptions {
  /** From `[tokens, 3 · hidden]` (query, key, value side by side) to attention's result `[tokens, hidden]`. */
  attend: (qkv: Tensor) => Tensor;
  /** Dropout at a site of `[tokens, hidden]`. */
  dropHidden: (x: Tensor, site: string) => Tensor;
}

/** Forward pass over packed tokens. */
export function buildPackedEncoder(
  config: EncoderConfig,
  parameter: ParameterSource,
  { inputs, dropout }: PackedEncoderOptions,
): PackedEncoder {
  const dropHidden = (x: Tensor, site: string): Tensor =>
    dropout && dropout.hidden > 0 ? g.dropout(x, hiddenMask(site, config.hiddenSize), 1 / (1 - dropout.hidden)) : x;
  const tables = embeddingParameters(config);
  const embedded = g.add(
    g.add(
      g.gather(parameter(tables.words), inputs.inputIds),
      g.gather(parameter(tables.positions), inputs.positionIds),
    ),
    firstRow(parameter(tables.tokenTypes)),
  );
  const normed = g.layerNormalization(
    embedded,
    parameter(tables.normWeight),
    parameter(tables.normBias),
    config.layerNormEps,
  );
  let hidden = dropHidden(normed, DROPOUT_SITES.embeddings);
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    const attend = (qkv: Tensor): Tensor => attendPacked(qkv, config, inputs, layer, dropout);
    hidden = encoderLayer(hidden, config, layer, parameter, { attend, dropHidden });
  }
  return { hidden, embedded };
}

/** Forward pass over a padded batch. */
export function buildPaddedEncoder(
  config: EncoderConfig,
  parameter: ParameterSource,
  { prepareIds = (ids) => ids }: PaddedEncoderOptions = {},
): PaddedEncoder {
  const H = config.hiddenSize;
  const inputIds = g.input('input_ids', 'int64', ['batch', 'sequence']);
  const attention = g.input('attention_mask', 'int64', ['batch', 'sequence']);
  const tokenTypeIds = g.input('token_type_ids', 'int64', ['batch', 'sequence']);
  const tables = embeddingParameters(config);
  const embedded = g.add(
    g.add(
      g.gather(parameter(tables.words), prepareIds(inputIds, attention)),
      g.gather(parameter(tables.tokenTypes), tokenTypeIds),
    ),
    g.gather(parameter(tables.positions), g.range('sequence')),
  );
  const normed = g.layerNormalization(
    embedded,
    parameter(tables.normWeight),
    parameter(tables.normBias),
    config.layerNormEps,
  );
  const isPadding = g.sub(g.scalar(1), g.cast(attention, 'float32'));
  const bias = g.reshape(g.mul(isPadding, g.scalar(MASKED_SCORE)), ['batch', 1, 1, 'sequence']);
  let hidden = g.reshape(normed, ['rows', H]);
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    const attend = (qkv: Tensor): Tensor => attendPadded(qkv, config, bias);
    hidden = encoderLayer(hidden, config, layer, parameter, { attend, dropHidden: (x) => x });
  }
  const lastHiddenState = g.reshape(hidden, ['batch', 'sequence', H]);
  return { inputIds, attentionMask: attention, tokenTypeIds, lastHiddenState };
}

function encoderLayer(
  x: Tensor,
  config: EncoderConfig,
  layer: number,
  parameter: ParameterSource,
  { attend, dropHidden }: LayerOptions,
): Tensor {
  const p = layerParameters(config, layer);
  const attended = attend(g.linear(x, parameter(p.qkvWeight), parameter(p.qkvBias)));
  const projected = g.linear(attended, parameter(p.outputWeight), parameter(p.outputBias), { layout: 'out,in' });
  const middle = g.layerNormalization(
    g.add(dropHidden(projected, DROPOUT_SITES.attentionOutput(layer)), x),
    parameter(p.attentionNormWeight),
    parameter(p.attentionNormBias),
    config.layerNormEps,
  );
  const widened = g.gelu(g.linear(middle, parameter(p.intermediateWeight), parameter(p.intermediateBias)));
  const fed = g.linear(widened, parameter(p.feedForwardWeight), parameter(p.feedForwardBias), { layout: 'out,in' });
  return g.layerNormalization(
    g.add(dropHidden(fed, DROPOUT_SITES.feedForward(layer)), middle),
    parameter(p.feedForwardNormWeight),
    parameter(p.feedForwardNormBias),
    config.layerNormEps,
  );
}

/** Attention in groups of texts of like length. */
function attendPacked(
  qkv: Tensor,
  { hiddenSize: H, numAttentionHeads: heads }: EncoderConfig,
  { groups, qkvInverse, headInverse }: PackedInputs,
  layer: number,
  dropout: DropoutRates | undefined,
): Tensor {
  const site = DROPOUT_SITES.attention(layer);
  const rows = g.reshape(qkv, ['rows of q, k and v', H / heads]);
  // The order of the groups laid end to end is that of the inverse index: all queries, all keys, all values.
  const indices = [...groups.map((x) => x.query), ...groups.map((x) => x.key), ...groups.map((x) => x.value)];
  const slots = g.packedToGroups(rows, indices, qkvInverse);
  const count = groups.length;
  const results = groups.map(({ bias }, at) =>
    g.attention(slots[at]!, slots[count + at]!, slots[2 * count + at]!, {
      bias,
      dropout:
        dropout && dropout.attention > 0
          ? { mask: attentionMask(site, at, heads), scale: 1 / (1 - dropout.attention) }
          : undefined,
    }),
  );
  const packed = g.groupsToPacked(
    results,
    headInverse,
    groups.map(({ head }) => head),
  );
  return g.reshape(packed, ['tokens', H]);
}

/** Attention over a padded batch. */
function attendPadded(qkv: Tensor, { hiddenSize: H, numAttentionHeads: heads }: EncoderConfig, bias: Tensor): Tensor {
  const width = H / heads;
  const apart = g.transpose(g.reshape(qkv, ['batch', 'sequence', 3, heads, width]), [2, 0, 3, 1, 4]);
  const [q, k, v] = g.split(apart, 0, 3, 1).map((part) => g.reshape(part, ['batch', heads, 'sequence', width])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const result = g.attention(q, k, v, { bias });
  return g.reshape(g.transpose(result, [0, 2, 1, 3]), ['rows', H]);
}

/** Row 0 of a table, `[1, hidden]`: every packed text is of token type 0. */
function firstRow(table: Tensor): Tensor {
  return g.gather(table, g.constant('int64', [1], BigInt64Array.of(0n)));
}
