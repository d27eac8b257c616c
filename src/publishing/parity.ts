// The gate before a folder is published: its ONNX files, fed by its own tokenizer files, must embed texts of the run as the trained
// weights do. An export that forgot pooling, normalisation, a prompt or the cut of long texts stops here.
import { FinalError } from '../errors.js';
import type { Embedder } from '../evaluation/evaluate-stage.js';
import { POOLED_ONNX } from '../spec/published-files.js';
import { packRows, textAt, type TokenizedTexts } from '../text/tokenized-texts.js';
import { embedWithOnnx } from './onnx-encoder.js';

/** Cosine below which a folder is refused. */
const PARITY_COSINE = 0.99999;
/** Texts compared, if the run has as many. */
export const PARITY_TEXTS = 48;

/** Texts with their prompts, and their token ids as the model was trained and evaluated on them. */
export interface ParityTexts {
  texts: string[];
  tokens: TokenizedTexts;
}

/** Both files of a folder, and what is taken from them. */
const EXPORTS = [
  { file: 'onnx/model.onnx', output: 'sentence_embedding' },
  { file: POOLED_ONNX, output: 'last_hidden_state' },
] as const;

/** Options of {@link checkParity}. */
export interface CheckParityOptions {
  folder: string;
  encoder: Embedder;
  candidates: ParityTexts;
  /** Tokens a text that the folder states. */
  maxLength: number;
}

/**
 * Compares the folder's ONNX files with the trained weights on texts from the shortest to the longest; returns the lowest cosine.
 *
 * @throws FinalError `ParityFailed` that names the file and the text's number.
 */
export async function checkParity({ folder, encoder, candidates, maxLength }: CheckParityOptions): Promise<number> {
  const { texts, tokens } = selectTexts(candidates, PARITY_TEXTS);
  const expected = await encoder.embed(tokens);
  let lowest = 1;
  for (const { file, output } of EXPORTS) {
    const vectors = await embedWithOnnx({ folder, file, output, texts, maxLength });
    vectors.forEach((vector, index) => {
      const begin = index * encoder.dimension;
      const similarity = cosine(vector, expected.subarray(begin, begin + encoder.dimension));
      if (!(similarity >= PARITY_COSINE))
        throw new FinalError(
          'ParityFailed',
          `${file}: it must embed as the trained weights do (cosine ≥ ${PARITY_COSINE}), got ${similarity.toFixed(6)} for text ` +
            `${index + 1} of ${texts.length}, of ${texts[index]!.length} characters. Nothing was published.`,
        );
      lowest = Math.min(lowest, similarity);
    });
  }
  return lowest;
}

/** Of texts sorted by their tokens: the longest quarter of the wanted number, the shortest quarter, and the rest evenly between. */
export function selectTexts({ texts, tokens }: ParityTexts, wanted: number): ParityTexts {
  const chosen = selectRows(tokens, wanted);
  return {
    texts: chosen.map((index) => texts[index]!),
    tokens: packRows(chosen.map((index) => textAt(tokens, index))),
  };
}

/** Which texts {@link selectTexts} takes, by their tokens alone. */
export function selectRows({ offsets }: TokenizedTexts, wanted: number): number[] {
  const count = offsets.length - 1;
  const lengthOf = (row: number): number => offsets[row + 1]! - offsets[row]!;
  const order = Int32Array.from({ length: count }, (_, row) => row).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  if (count <= wanted) return [...order];
  const quarter = Math.floor(wanted / 4);
  const middle = order.subarray(quarter, count - quarter);
  const places = wanted - 2 * quarter;
  return [
    ...order.subarray(0, quarter),
    ...Array.from({ length: places }, (_, i) => middle[Math.floor((i * middle.length) / places)]!),
    ...order.subarray(count - quarter),
  ];
}

/** Cosine of two vectors of one length, in double precision; NaN when one is zero or not finite. */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return NaN;
  let [dot, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    squareA += a[i]! * a[i]!;
    squareB += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(squareA * squareB);
}
