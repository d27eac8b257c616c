// Embeds texts with a published folder as a stranger would: its tokenizer files, its ONNX file, ONNX Runtime as it comes. Padded batches
// of texts of like length. For checks, not for speed.
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { textAt, textCount } from '../text/tokenized-texts.js';
import { openTokenizer } from '../text/tokenizer.js';

const BATCH_TEXTS = 16;

/** Options of {@link embedWithOnnx}. */
export interface EmbedWithOnnxOptions {
  folder: string;
  /** File inside the folder, e.g. `onnx/model.onnx`. */
  file: string;
  /** `sentence_embedding` [texts, dimension], or `last_hidden_state` [texts, tokens, dimension], of which token 0 is taken. */
  output: 'sentence_embedding' | 'last_hidden_state';
  texts: readonly string[];
  /** Tokens a text, special tokens included. */
  maxLength: number;
}

/** One vector a text, in the order of the texts. */
export async function embedWithOnnx({
  folder,
  file,
  output,
  texts,
  maxLength,
}: EmbedWithOnnxOptions): Promise<Float32Array[]> {
  const tokenizer = await openTokenizer(folder);
  const encoded = tokenizer.encode(texts, maxLength).texts;
  const session = await InferenceSession.create(join(folder, file));
  try {
    const vectors = new Array<Float32Array>(textCount(encoded));
    const order = [...vectors.keys()].sort((a, b) => textAt(encoded, a).length - textAt(encoded, b).length || a - b);
    for (let begin = 0; begin < order.length; begin += BATCH_TEXTS) {
      const batch = order.slice(begin, begin + BATCH_TEXTS);
      const results = await session.run(paddedFeeds(batch.map((index) => textAt(encoded, index))));
      const result = results[output]!;
      const rowSize = result.size / batch.length;
      const dimension = result.dims.at(-1)!;
      batch.forEach((index, row) => {
        vectors[index] = (result.data as Float32Array).slice(row * rowSize, row * rowSize + dimension);
      });
    }
    return vectors;
  } finally {
    await session.release();
  }
}

/** `input_ids`, `attention_mask` and `token_type_ids` [texts, longest], int64, padded on the right with id 0 under mask 0. */
export function paddedFeeds(rows: readonly Int32Array[]): Record<string, Tensor> {
  const longest = Math.max(...rows.map((row) => row.length));
  const dims = [rows.length, longest];
  const ids = new BigInt64Array(rows.length * longest);
  const mask = new BigInt64Array(rows.length * longest);
  rows.forEach((row, index) => {
    row.forEach((id, place) => {
      ids[index * longest + place] = BigInt(id);
      mask[index * longest + place] = 1n;
    });
  });
  return {
    input_ids: new Tensor('int64', ids, dims),
    attention_mask: new Tensor('int64', mask, dims),
    token_type_ids: new Tensor('int64', new BigInt64Array(ids.length), dims),
  };
}
