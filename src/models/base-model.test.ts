import { open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startFakeHub } from '../../test/support/fake-hub.js';
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

const fetch = async (written: unknown, over: { hubUrl?: string } = {}) => {
  const spec = parseSpec({ model: written, dataset: 'd' }).model;
  const settings = { dataFolders: [context.folder], ...over };
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

/** A file of one tensor that no encoder has; its data takes no room on the disk. */
async function writeSparseWeights(path: string, dataBytes: number): Promise<void> {
  const tensor = { dtype: 'F32', shape: [dataBytes / 4], data_offsets: [0, dataBytes] };
  const header = Buffer.from(JSON.stringify({ junk: tensor }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(path, 'w');
  await file.write(Buffer.concat([length, header]));
  await file.truncate(8 + header.length + dataBytes);
  await file.close();
}

/** Bytes of the largest buffer that a file was read into meanwhile. */
async function largestRead(work: () => Promise<unknown>): Promise<number> {
  const file = await open(import.meta.filename);
  const read = vi.spyOn(Object.getPrototypeOf(file) as FileHandle, 'read');
  await file.close();
  try {
    await work();
    return Math.max(...read.mock.calls.map(([buffer]) => (buffer as unknown as Uint8Array).byteLength));
  } finally {
    read.mockRestore();
  }
}

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

  it('checks weights without taking memory for them', async () => {
    const made = await fetch(random(1));
    const folder = join(context.folder, 'large');
    const { 'model.safetensors': _weights, ...small } = made.blobs;
    await materialize(context.store, small, folder);
    await writeSparseWeights(join(folder, 'model.safetensors'), 256 << 20);
    const largest = await largestRead(() =>
      expect(fetch(folder)).rejects.toMatchObject({
        type: 'UnsupportedModel',
        message: expect.stringMatching(/is missing, of shape .* such as junk/),
      }),
    );
    expect(largest).toBeLessThan(8 << 20);
    // Too large for one buffer, and so refused before it is taken into the store.
    await writeSparseWeights(join(folder, 'model.safetensors'), 5e9);
    await expect(fetch(folder)).rejects.toMatchObject({ type: 'UnsupportedModel' });
  });

  it.each([
    ['another architecture', { 'config.json': '{"model_type":"t5"}' }, /model_type must be .* got "t5"/],
    ['other modules', { 'modules.json': '[{"type":"sentence_transformers.models.Dense","path":""}]' }, /got Dense/],
  ])('refuses a model of the Hub that has %s before any weights are downloaded', async (_what, over, rule) => {
    const made = await fetch(random(1));
    const files: Record<string, Buffer | string> = {};
    for (const [name, blob] of Object.entries(made.blobs)) files[name] = await context.store.readBlob(blob);
    const repos = [
      { type: 'model' as const, name: 'org/whole', files },
      { type: 'model' as const, name: 'org/other', files: { ...files, ...over, 'model.safetensors': 'other weights' } },
    ];
    const hub = await startFakeHub({ repos });
    const asked = () => hub.requests.filter(({ path }) => path.endsWith('model.safetensors')).length;
    try {
      await expect(fetch('org/other', { hubUrl: hub.url })).rejects.toMatchObject({
        type: 'UnsupportedModel',
        message: expect.stringMatching(rule),
      });
      expect(asked()).toBe(0);
      const whole = await fetch('org/whole', { hubUrl: hub.url });
      expect(whole.blobs).toEqual(made.blobs);
    } finally {
      await hub.close();
    }
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
