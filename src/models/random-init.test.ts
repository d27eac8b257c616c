import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyTokenizer } from '../../test/support/tiny-tokenizer.js';
import type { RandomModelSpec } from '../spec/spec.js';
import { loadWeights, readModelFolder } from './model-folder.js';
import { makeRandomModel } from './random-init.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'random-init-'));
  await writeTinyTokenizer(join(root, 'tokenizer'), ['one two three', 'four five']);
});
afterAll(() => rm(root, { recursive: true }));

const make = async (name: string, changes: Partial<RandomModelSpec> = {}): Promise<string> => {
  const spec: RandomModelSpec = {
    tokenizer: '',
    hiddenSize: 32,
    numHiddenLayers: 2,
    numAttentionHeads: 4,
    intermediateSize: 64,
    maxPositionEmbeddings: 48,
    pooling: 'mean',
    seed: 42,
    ...changes,
  };
  await makeRandomModel({ spec, tokenizerFolder: join(root, 'tokenizer'), folder: join(root, name) });
  return join(root, name);
};

describe('makeRandomModel', () => {
  it('makes a whole sentence-transformers folder, the same bytes for the same shape and seed', async () => {
    const [a, b] = [await make('a'), await make('b')];
    const names = (await readdir(a, { recursive: true })).sort();
    expect(names).toEqual(
      expect.arrayContaining([
        '1_Pooling/config.json',
        'config.json',
        'model.safetensors',
        'modules.json',
        'special_tokens_map.json',
        'tokenizer.json',
        'tokenizer_config.json',
        'vocab.txt',
      ]),
    );
    for (const name of names.filter((candidate) => candidate.includes('.')))
      expect((await readFile(join(b, name))).equals(await readFile(join(a, name))), name).toBe(true);
    expect(await readModelFolder(a)).toMatchObject({ pooling: 'mean', normalize: true, maxSequenceLength: 48 });
  });

  it('draws weights of mean 0 and deviation 0.02, LayerNorm 1 and 0, biases and the padding row 0', async () => {
    const weights = await loadWeights(await readModelFolder(await make('c')));
    const words = weights.get('embeddings.word_embeddings.weight')!.data;
    expect([...words.subarray(0, 32)]).toEqual(new Array(32).fill(0));
    const drawn = [...words.subarray(32), ...weights.get('encoder.layer.0.intermediate.dense.weight')!.data];
    const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
    const deviation = Math.sqrt(drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length);
    expect(Math.abs(mean)).toBeLessThan(0.002);
    expect(Math.abs(deviation - 0.02)).toBeLessThan(0.001);
    expect(new Set(weights.get('embeddings.LayerNorm.weight')!.data)).toEqual(new Set([1]));
    expect(new Set(weights.get('encoder.layer.1.output.dense.bias')!.data)).toEqual(new Set([0]));
  });

  it('draws other weights for another seed, and the same for a layer whatever the number of layers', async () => {
    const name = 'encoder.layer.0.output.dense.weight';
    const weights = async (folder: string) => (await loadWeights(await readModelFolder(folder))).get(name)!.data;
    const first = await weights(await make('d'));
    expect(await weights(await make('e', { numHiddenLayers: 1 }))).toEqual(first);
    expect(await weights(await make('f', { seed: 43 }))).not.toEqual(first);
  });

  it('refuses a width that does not divide by the heads, naming the field', async () => {
    await expect(make('g', { hiddenSize: 30 })).rejects.toThrow(
      /model\.random\.hiddenSize: a multiple of numAttentionHeads \(4\) is needed, got 30/,
    );
  });

  it('refuses a tokenizer folder without tokenizer.json', async () => {
    const spec = { hiddenSize: 8, numAttentionHeads: 2 } as RandomModelSpec;
    await expect(
      makeRandomModel({ spec, tokenizerFolder: join(root, 'nowhere'), folder: join(root, 'h') }),
    ).rejects.toThrow(/tokenizer\.json is missing/);
  });
});
