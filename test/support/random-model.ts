// A small encoder for tests, made of random weights that are larger than usual: with the usual ones every text has nearly the same
// vector, and a wrong pooling or a lost token would not show.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadWeights, readModelFolder, type EncoderModel } from '../../src/models/model-folder.js';
import { makeRandomModel } from '../../src/models/random-init.js';
import { encodeSafetensors, readSafetensors, type Weights } from '../../src/models/safetensors.js';
import type { RandomModelSpec } from '../../src/spec/spec.js';
import { writeTinyTokenizer } from './tiny-tokenizer.js';

const GAIN = 8;

/** A model in a temporary folder. */
export interface TestModel {
  /** Temporary folder for the test's own use; the model's folder is inside. */
  root: string;
  model: EncoderModel;
  weights: Weights;
  remove(): Promise<void>;
}

/** Makes a model whose vocabulary is that of the texts. */
export async function makeTestModel(texts: readonly string[], spec: Partial<RandomModelSpec> = {}): Promise<TestModel> {
  const root = await mkdtemp(join(tmpdir(), 'test-model-'));
  const folder = join(root, 'base');
  await writeTinyTokenizer(join(root, 'tokenizer'), texts);
  await makeRandomModel({
    spec: {
      tokenizer: '',
      hiddenSize: 32,
      numHiddenLayers: 2,
      numAttentionHeads: 4,
      intermediateSize: 64,
      maxPositionEmbeddings: 64,
      pooling: 'cls',
      seed: 5,
      ...spec,
    },
    tokenizerFolder: join(root, 'tokenizer'),
    folder,
  });
  const path = join(folder, 'model.safetensors');
  const stored = await readSafetensors(path);
  for (const [name, { shape, data }] of stored)
    if (shape.length === 2 && !name.startsWith('pooler.')) data.forEach((value, i) => (data[i] = value * GAIN));
  await writeFile(path, Buffer.concat([...encodeSafetensors(stored, { format: 'pt' })]));
  const model = await readModelFolder(folder);
  return {
    root,
    model,
    weights: await loadWeights(model),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
