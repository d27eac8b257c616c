// Random weights for a new encoder, as transformers draws them for BERT: normal with deviation 0.02, biases and the padding row 0,
// LayerNorm 1 and 0. Each tensor has a stream of its own, seeded by the SHA-256 of seed and name, so that the same shape and seed give
// the same weights everywhere. Normals by Marsaglia's polar method.
import { createHash } from 'node:crypto';
import { streamFrom, type RandomStream } from '../random.js';
import type { Weights } from './safetensors.js';

const DEVIATION = 0.02;

/** Options of {@link randomWeights}. */
export interface RandomWeightsOptions {
  /** Names and shapes, PyTorch's layouts. */
  parameters: readonly { name: string; shape: readonly number[] }[];
  seed: number;
  /** Row of the word embeddings that stays 0. */
  padTokenId: number;
}

/** Draws the weights of an encoder. */
export function randomWeights({ parameters, seed, padTokenId }: RandomWeightsOptions): Weights {
  const weights: Weights = new Map();
  for (const { name, shape } of parameters) {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (/LayerNorm\.weight$/.test(name)) data.fill(1);
    else if (!name.endsWith('.bias')) fillNormal(data, `${seed}/${name}`);
    if (name.endsWith('word_embeddings.weight')) {
      const width = shape[1] ?? 0;
      data.fill(0, padTokenId * width, (padTokenId + 1) * width);
    }
    weights.set(name, { shape, data });
  }
  return weights;
}

function fillNormal(data: Float32Array, label: string): void {
  const random = streamOf(label);
  const uniform = (): number => random.fraction() * 2 - 1; // in [-1, 1)
  for (let i = 0; i < data.length;) {
    const x = uniform();
    const y = uniform();
    const square = x * x + y * y;
    if (square >= 1 || square === 0) continue;
    const scale = DEVIATION * Math.sqrt((-2 * Math.log(square)) / square);
    data[i++] = x * scale;
    if (i < data.length) data[i++] = y * scale;
  }
}

/** The stream of a label: its SHA-256 is the first state. */
function streamOf(label: string): RandomStream {
  const digest = createHash('sha256').update(label).digest();
  return streamFrom(Uint32Array.from([0, 4, 8, 12], (offset) => digest.readUInt32LE(offset)));
}
