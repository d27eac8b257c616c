import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { writeTinyTokenizer } from '../../test/support/tiny-tokenizer.js';
import { materialize } from '../artifacts/artifact.js';
import { pinModel } from '../sources/pin.js';
import { parseSpec } from '../spec/parse.js';
import { fetchBaseModel } from './base-model.js';
import { readModelFolder } from './model-folder.js';

let context: TestContext;
beforeEach(async () => {
  context = await makeTestContext();
  await writeTinyTokenizer(join(context.folder, 'tokenizer'), ['one two three']);
});
afterEach(() => context.remove());

const fetch = async (written: unknown) => {
  const spec = parseSpec({ model: written, dataset: 'd' }).model;
  const settings = { dataFolders: [context.folder] };
  const pin = await pinModel(spec, settings, context);
  return fetchBaseModel({ pin, ...('random' in spec ? { random: spec.random } : {}) }, settings, context);
};
const random = (seed: number) => ({
  random: {
    tokenizer: join(context.folder, 'tokenizer'),
    hiddenSize: 8,
    numHiddenLayers: 1,
    numAttentionHeads: 2,
    intermediateSize: 16,
    maxPositionEmbeddings: 16,
    seed,
  },
});

describe('fetchBaseModel', () => {
  it('makes a random model once for a shape and seed, whatever the path of the tokenizer', async () => {
    const first = await fetch(random(1));
    await writeTinyTokenizer(join(context.folder, 'moved'), ['one two three']);
    const moved = random(1);
    moved.random.tokenizer = join(context.folder, 'moved');
    expect((await fetch(moved)).key).toBe(first.key);
    expect((await fetch(random(2))).key).not.toBe(first.key);
    expect(Object.keys(first.blobs)).toContain('model.safetensors');
  });

  it('takes a local folder, and refuses one whose weights are damaged before anything is prepared', async () => {
    const made = await fetch(random(1));
    const folder = join(context.folder, 'model');
    await materialize(context.store, made.blobs, folder);
    const taken = await fetch(folder);
    expect(taken.blobs['model.safetensors']).toEqual(made.blobs['model.safetensors']);
    expect((await readModelFolder(folder)).maxSequenceLength).toBe(16);

    const broken = join(context.folder, 'broken');
    await materialize(context.store, { ...made.blobs }, broken);
    // A new file under the name: the old one may be the store's own, linked.
    await rm(join(broken, 'model.safetensors'));
    await writeFile(join(broken, 'model.safetensors'), 'not a safetensors file, by far');
    await expect(fetch(broken)).rejects.toMatchObject({ type: 'InvalidData' });
  });

  it('passes on what the folder warns of', async () => {
    const made = await fetch(random(1));
    const { 'modules.json': _modules, ...bare } = made.blobs;
    const folder = join(context.folder, 'bare');
    await materialize(context.store, bare, folder);
    await fetch(folder);
    expect(context.warnings.join()).toMatch(/mean pooling/);
  });
});
