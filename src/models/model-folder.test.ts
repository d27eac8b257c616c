import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeTinyTokenizer } from '../../test/support/tiny-tokenizer.js';
import { FinalError } from '../errors.js';
import { checkWeights, loadWeights, readModelFolder } from './model-folder.js';
import { makeRandomModel } from './random-init.js';
import { encodeSafetensors, readSafetensors, type Weights } from './safetensors.js';

let root: string;
let folder: string;
const SHAPE = {
  tokenizer: '',
  hiddenSize: 8,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  intermediateSize: 16,
  maxPositionEmbeddings: 32,
  pooling: 'cls' as const,
  seed: 1,
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'model-folder-'));
  await writeTinyTokenizer(join(root, 'tokenizer'), ['one two three', 'four five']);
  await makeRandomModel({ spec: SHAPE, tokenizerFolder: join(root, 'tokenizer'), folder: join(root, 'whole') });
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  folder = join(root, 'copy');
  await rm(folder, { recursive: true, force: true });
  await cp(join(root, 'whole'), folder, { recursive: true });
});

const put = (name: string, value: unknown): Promise<void> =>
  writeFile(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
const change = async (name: string, changes: Record<string, unknown>): Promise<void> =>
  put(name, {
    ...(JSON.parse(await readFile(join(folder, name), 'utf8')) as object),
    ...changes,
  });
const putWeights = async (edit: (weights: Weights) => void): Promise<void> => {
  const path = join(folder, 'model.safetensors');
  const weights = await readSafetensors(path);
  edit(weights);
  await writeFile(path, Buffer.concat([...encodeSafetensors(weights)]));
};
/** What the folder is refused with, by its header and when it is loaded alike. */
const refusal = async (): Promise<string> => {
  const [checked, loaded] = await Promise.all(
    [checkWeights, loadWeights].map(async (read) =>
      readModelFolder(folder)
        .then<unknown>(read)
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        ),
    ),
  );
  expect(loaded).toBeInstanceOf(FinalError);
  expect(checked).toEqual(loaded);
  return `${(loaded as FinalError).type} ${(loaded as FinalError).message}`;
};

describe('readModelFolder', () => {
  it('reads pooling, normalisation, length and prompts of a folder with the old module names', async () => {
    await change('config_sentence_transformers.json', { prompts: { query: 'q: ', document: 'd: ' } });
    const model = await readModelFolder(folder);
    expect(model).toMatchObject({ pooling: 'cls', normalize: true, maxSequenceLength: 32, warnings: [] });
    expect(model.prompts).toEqual({ query: 'q: ', passage: 'd: ' });
    expect((await loadWeights(model)).size).toBe(model.architecture.parameters(model.config).length);
  });

  it('reads a folder as version 6 of sentence-transformers writes it', async () => {
    const type = (name: string) => `sentence_transformers.sentence_transformer.modules.${name.toLowerCase()}.${name}`;
    await put('modules.json', [
      { idx: 0, name: '0', path: '', type: 'sentence_transformers.base.modules.transformer.Transformer' },
      { idx: 1, name: '1', path: '1_Pooling', type: type('Pooling') },
    ]);
    await put('1_Pooling/config.json', { embedding_dimension: 8, pooling_mode: 'mean', include_prompt: true });
    await put('sentence_bert_config.json', { transformer_task: 'feature-extraction' });
    await change('tokenizer_config.json', { model_max_length: 20 });
    expect(await readModelFolder(folder)).toMatchObject({
      pooling: 'mean',
      normalize: false,
      maxSequenceLength: 20,
    });
  });

  it('takes the length in sentence_bert_config.json before all others, but never more than there are positions', async () => {
    await change('tokenizer_config.json', { model_max_length: 10 });
    await change('sentence_bert_config.json', { max_seq_length: 16 });
    expect((await readModelFolder(folder)).maxSequenceLength).toBe(16);
    await change('sentence_bert_config.json', { max_seq_length: 4096 });
    expect((await readModelFolder(folder)).maxSequenceLength).toBe(32);
  });

  it('pools a bare transformers folder by the mean and says so', async () => {
    await rm(join(folder, 'modules.json'));
    const model = await readModelFolder(folder);
    expect(model).toMatchObject({ pooling: 'mean', normalize: false });
    expect(model.warnings[0]).toMatch(/mean pooling/);
  });

  it('tells when the folder compares otherwise than by cosine, and what happens then', async () => {
    const warnings = async (name: string | undefined): Promise<readonly string[]> => {
      await change('config_sentence_transformers.json', { similarity_fn_name: name });
      return (await readModelFolder(folder)).warnings;
    };
    for (const name of [undefined, 'cosine', 'dot']) expect([name, await warnings(name)]).toEqual([name, []]);
    const manhattan = /compares by manhattan\. .*evaluated, trained and published to compare by cosine/;
    expect(await warnings('manhattan')).toEqual([expect.stringMatching(manhattan)]);
    const modules = JSON.parse(await readFile(join(folder, 'modules.json'), 'utf8')) as object[];
    await put('modules.json', modules.slice(0, 2));
    const dot = /compares by dot product, of vectors that are not normalised\. .*to compare by cosine/;
    expect(await warnings('dot')).toEqual([expect.stringMatching(dot)]);
    expect(await warnings('cosine')).toEqual([]);
  });

  it('names the file that is missing and the remedy', async () => {
    await rm(join(folder, 'tokenizer.json'));
    expect(await refusal()).toMatch(/^UnsupportedModel .*tokenizer\.json is missing; save the tokenizer again/);
    await rm(join(folder, 'config.json'));
    expect(await refusal()).toMatch(/^UnsupportedModel .*config\.json is missing/);
  });

  it('refuses an unknown architecture and lists the supported ones', async () => {
    await change('config.json', { model_type: 'llama' });
    expect(await refusal()).toMatch(/^UnsupportedModel .*"llama".*supported: .*bert/);
  });

  it('refuses poolings and modules that it does not have, and lists those it has', async () => {
    await change('1_Pooling/config.json', { pooling_mode: 'max' });
    expect(await refusal()).toMatch(/one pooling mode of mean, cls is supported, got max/);
    await put('1_Pooling/config.json', { pooling_mode_cls_token: true, pooling_mode_max_tokens: true });
    expect(await refusal()).toMatch(/got cls \+ max/);
    const types = ['Transformer', 'Pooling', 'Dense'];
    await put(
      'modules.json',
      types.map((name, idx) => ({ idx, name, path: `${idx}`, type: `sentence_transformers.models.${name}` })),
    );
    expect(await refusal()).toMatch(/Transformer, Pooling and perhaps Normalize .* got Transformer, Pooling, Dense/);
  });

  it('refuses a module whose path leaves the folder', async () => {
    await put('modules.json', [{ type: 'sentence_transformers.models.Transformer', path: '../../etc' }]);
    expect(await refusal()).toMatch(/a module's path stays inside the folder, got "\.\.\/\.\.\/etc"/);
  });

  it('refuses configuration files that are not JSON', async () => {
    await put('modules.json', '[{');
    expect(await refusal()).toMatch(/^UnsupportedModel modules\.json: valid JSON is needed/);
  });
});

describe('loadWeights', () => {
  it('refuses weights in which a tensor is missing, by its name and shape', async () => {
    await putWeights((weights) => weights.delete('encoder.layer.0.output.dense.weight'));
    expect(await refusal()).toMatch(/tensor "encoder\.layer\.0\.output\.dense\.weight" is missing, of shape \[8, 16\]/);
  });

  it('refuses a tensor of another shape than config.json says', async () => {
    await change('config.json', { intermediate_size: 24 });
    expect(await refusal()).toMatch(
      /"encoder\.layer\.0\.intermediate\.dense\.weight" needs shape \[24, 8\].*got \[16, 8\]/,
    );
  });

  it('refuses a tensor of a float type that is not read, before any data is', async () => {
    const path = join(folder, 'model.safetensors');
    const bytes = await readFile(path);
    const at = bytes.indexOf('"F32"');
    bytes.write('"F64"', at);
    await writeFile(path, bytes);
    expect(await refusal()).toMatch(/^UnsupportedModel .* has type "F64"; read are F32, F16, BF16/);
  });

  it('refuses a file larger than one buffer of Node 20', async () => {
    await truncate(join(folder, 'model.safetensors'), 5e9);
    expect(await refusal()).toMatch(/^UnsupportedModel .* at most 4294967296 bytes, got 5000000000/);
  });

  it('refuses weights that are cut short', async () => {
    await truncate(join(folder, 'model.safetensors'), 3000);
    expect(await refusal()).toMatch(/^InvalidData .*cut short/);
  });

  it('refuses a folder whose weights are pickled alone', async () => {
    await rm(join(folder, 'model.safetensors'));
    await put('pytorch_model.bin', 'x');
    expect(await refusal()).toMatch(/^UnsupportedModel .*model\.safetensors is missing; .*safetensors/);
  });

  it('reads the names of a checkpoint that was made with a head, and of the first BERTs', async () => {
    const expected = await loadWeights(await readModelFolder(folder));
    await putWeights((weights) => {
      for (const [name, tensor] of [...weights]) {
        weights.delete(name);
        weights.set(
          `bert.${name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta')}`,
          tensor,
        );
      }
      weights.set('cls.predictions.bias', { shape: [1], data: new Float32Array(1) });
    });
    expect(await loadWeights(await readModelFolder(folder))).toEqual(expected);
    await checkWeights(await readModelFolder(folder));
  });
});
