import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyTokenizer } from '../../test/support/tiny-tokenizer.js';
import { readTokenizerFiles } from './tokenizer-files.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenizer-files-'));
  await writeTinyTokenizer(folder, ['one two three']);
});
afterAll(() => rm(folder, { recursive: true }));

const json = (text: string | undefined): Record<string, unknown> =>
  JSON.parse(text ?? 'null') as Record<string, unknown>;

describe('readTokenizerFiles', () => {
  it('states one length everywhere and no padding, whatever the folder said', async () => {
    const { files } = await readTokenizerFiles(folder, 24);
    expect(json(files.get('tokenizer.json'))).toMatchObject({ truncation: { max_length: 24 }, padding: null });
    const config = json(files.get('tokenizer_config.json'));
    expect(config).toMatchObject({ model_max_length: 24, tokenizer_class: 'BertTokenizer', do_lower_case: true });
    expect(config).not.toHaveProperty('max_length');
  });

  it('makes special_tokens_map.json and vocab.txt from tokenizer.json', async () => {
    const { files, vocabularySize, padTokenId, closingTokenId } = await readTokenizerFiles(folder, 24);
    expect(json(files.get('special_tokens_map.json'))).toEqual({
      unk_token: '[UNK]',
      sep_token: '[SEP]',
      pad_token: '[PAD]',
      cls_token: '[CLS]',
      mask_token: '[MASK]',
    });
    const lines = files.get('vocab.txt')!.trimEnd().split('\n');
    expect(lines).toHaveLength(vocabularySize);
    expect([lines.indexOf('[PAD]'), lines.indexOf('[SEP]')]).toEqual([padTokenId, closingTokenId]);
  });

  it('finds no closing token where the tokenizer puts none', async () => {
    const tokenizer = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
    tokenizer.post_processor = null;
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    expect((await readTokenizerFiles(folder, 24)).closingTokenId).toBeUndefined();
  });

  it('refuses a tokenizer.json that holds no vocabulary', async () => {
    await writeFile(join(folder, 'tokenizer.json'), '{"model": {}}');
    await expect(readTokenizerFiles(folder, 24)).rejects.toThrow(/tokenizer\.json holds no model with a vocabulary/);
  });
});
