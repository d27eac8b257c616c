import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestModel, type TestModel } from '../../test/support/random-model.js';
import { sha256OfFile } from '../artifacts/hash.js';
import { loadWeights, readModelFolder } from '../models/model-folder.js';
import { readSafetensors } from '../models/safetensors.js';
import { openTokenizer } from '../text/tokenizer.js';
import { writeModelFolder } from './folder.js';

let made: TestModel;
beforeAll(async () => {
  made = await makeTestModel(['one two three', 'four five six', 'föur fïve']);
});
afterAll(() => made.remove());

const write = async (name: string, maxSequenceLength = 24): Promise<{ folder: string; sha256: string }> => {
  const { model, weights } = made;
  const folder = join(made.root, name);
  const prompts = { query: 'query: ', passage: 'passage: ' };
  return { folder, sha256: await writeModelFolder({ model, weights, maxSequenceLength, prompts, folder }) };
};
const json = async (folder: string, name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown>;

describe('writeModelFolder', () => {
  it('writes every file that some program looks for, with one length in all of them', async () => {
    const { folder, sha256 } = await write('a');
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      '1_Pooling',
      '1_Pooling/config.json',
      '2_Normalize',
      '2_Normalize/config.json',
      'config.json',
      'config_sentence_transformers.json',
      'model.safetensors',
      'modules.json',
      'onnx',
      'onnx/model.onnx',
      'onnx/model_pooled.onnx',
      'sentence_bert_config.json',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ]);
    expect(await json(folder, 'tokenizer.json')).toMatchObject({ truncation: { max_length: 24 }, padding: null });
    expect(await json(folder, 'tokenizer_config.json')).toMatchObject({ model_max_length: 24 });
    expect(await json(folder, 'sentence_bert_config.json')).toEqual({ max_seq_length: 24, do_lower_case: false });
    expect(await json(folder, '1_Pooling/config.json')).toMatchObject({
      pooling_mode_cls_token: true,
      pooling_mode_mean_tokens: false,
      pooling_mode: 'cls',
    });
    expect(await json(folder, 'config_sentence_transformers.json')).toMatchObject({
      prompts: { query: 'query: ', document: 'passage: ', passage: 'passage: ' },
      similarity_fn_name: 'cosine',
    });
    expect(sha256).toBe(await sha256OfFile(join(folder, 'model.safetensors')));
  });

  it('reads back as what was published, so that it can be the base of the next run', async () => {
    const { folder } = await write('b');
    const model = await readModelFolder(folder);
    expect(model).toMatchObject({
      pooling: 'cls',
      normalize: true,
      maxSequenceLength: 24,
      prompts: { query: 'query: ', passage: 'passage: ' },
      warnings: [],
    });
    expect(new Map([...(await loadWeights(model))].sort())).toEqual(new Map([...made.weights].sort()));
  });

  it('writes the same bytes each time', async () => {
    const [a, b] = [await write('c'), await write('d')];
    for (const name of [
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'onnx/model.onnx',
      'onnx/model_pooled.onnx',
    ])
      expect((await readFile(join(b.folder, name))).equals(await readFile(join(a.folder, name))), name).toBe(true);
  });

  it('keeps the tensors of the base that only other tasks use, and says float32 whatever the base was stored in', async () => {
    const config = await json(made.model.folder, 'config.json');
    await writeFile(
      join(made.model.folder, 'config.json'),
      JSON.stringify({ ...config, architectures: ['BertForMaskedLM'], dtype: 'bfloat16', torch_dtype: 'bfloat16' }),
    );
    const { folder } = await write('e');
    expect([...(await readSafetensors(join(folder, 'model.safetensors'))).keys()]).toContain('pooler.dense.weight');
    const published = await json(folder, 'config.json');
    expect(published).toMatchObject({ architectures: ['BertModel'], torch_dtype: 'float32' });
    expect(published).not.toHaveProperty('dtype');
  });

  it.each([
    ['BERT’s', (bert: object) => ({ ...bert, lowercase: false, strip_accents: null })],
    ['a sequence of', (bert: object) => ({ type: 'Sequence', normalizers: [{ type: 'NFC' }, { ...bert, lowercase: false }] })], // prettier-ignore
    ['another', () => ({ type: 'NFC' })],
    ['no', () => null],
  ])(
    'puts the lower-casing of sentence-transformers into a cased tokenizer, with %s normalizer',
    async (name, change) => {
      const { model, weights } = made;
      const base = join(made.root, `cased, ${name}`);
      await cp(model.folder, base, { recursive: true });
      const tokenizer = await json(base, 'tokenizer.json');
      const normalizer = change(tokenizer.normalizer as object);
      await writeFile(join(base, 'tokenizer.json'), JSON.stringify({ ...tokenizer, normalizer }));
      const cased = { ...model, folder: base, lowerCase: true };
      const folder = join(made.root, `lower, ${name}`);
      await writeModelFolder({ model: cased, weights, maxSequenceLength: 24, prompts: model.prompts, folder });

      const idsOf = async (of: string, text: string): Promise<number[]> => [
        ...(await openTokenizer(of)).encode([text], 24).texts.ids,
      ];
      const text = 'ONE Two three, FÖUR fïve';
      expect(await idsOf(base, text)).not.toEqual(await idsOf(base, text.toLowerCase()));
      expect(await idsOf(folder, text)).toEqual(await idsOf(base, text.toLowerCase()));
      expect(await json(folder, 'tokenizer_config.json')).toMatchObject({ do_lower_case: true, strip_accents: false });
    },
  );

  it('refuses a length for which the model has no positions', async () => {
    await expect(write('f', 65)).rejects.toThrow(
      /training\.maxSequenceLength: at most the model's 64 positions, got 65/,
    );
  });
});
