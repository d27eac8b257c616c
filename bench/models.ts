// The encoders of the bench: all-MiniLM-L6-v2 of ../shared, and random weights in the shapes of bge-small and bge-base, or of a tiny one,
// with its tokenizer.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeRandomModel } from '../src/models/random-init.js';
import type { RandomModelSpec } from '../src/spec/spec.js';
import type { Bench } from './row.js';

const shapes = {
  'bge-small shape': { hiddenSize: 384, numHiddenLayers: 12, numAttentionHeads: 12, intermediateSize: 1536 },
  'bge-base shape': { hiddenSize: 768, numHiddenLayers: 12, numAttentionHeads: 12, intermediateSize: 3072 },
  'tiny shape': { hiddenSize: 32, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 64 },
} as const;

/** An encoder of the bench. */
export type ModelName = 'MiniLM-L6' | keyof typeof shapes;

/** The encoder's folder, made where it has to be: both sides read the same one. */
export async function modelFolder({ shared, folder: work }: Bench, name: ModelName): Promise<string> {
  const real = join(shared, 'models/all-MiniLM-L6-v2');
  if (name === 'MiniLM-L6') return real;
  const folder = join(work, name.replaceAll(' ', '-'));
  if (existsSync(folder)) return folder;
  const spec: RandomModelSpec = {
    ...{ tokenizer: real, maxPositionEmbeddings: 512, pooling: 'mean', seed: 42 },
    ...shapes[name],
  };
  await makeRandomModel({ spec, tokenizerFolder: real, folder });
  return folder;
}
