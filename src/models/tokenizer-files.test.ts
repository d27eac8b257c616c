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

  it.each([
    [true, false, true],
    [false, null, false],
    [true, null, true],
    [false, true, true],
  ])(
    'states what the normalizer does, whatever the folder said: lower case %s, accents stripped %s, Chinese characters apart %s',
    async (lowercase, strip_accents, handle_chinese_chars) => {
      const other = await mkdtemp(join(tmpdir(), 'tokenizer-files-'));
      const tokenizer = json(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
      tokenizer.normalizer = {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars,
        strip_accents,
        lowercase,
      };
      await writeFile(join(other, 'tokenizer.json'), JSON.stringify(tokenizer));
      const expected = { do_lower_case: lowercase, strip_accents, tokenize_chinese_chars: handle_chinese_chars };
      for (const said of [
        {},
        { do_lower_case: !lowercase, strip_accents: !strip_accents, tokenize_chinese_chars: !handle_chinese_chars },
      ]) {
        await writeFile(join(other, 'tokenizer_config.json'), JSON.stringify(said));
        const { files } = await readTokenizerFiles(other, 24);
        expect(json(files.get('tokenizer_config.json'))).toMatchObject(expected);
      }
      await rm(other, { recursive: true });
    },
  );

  it('says nothing of normalizers that are not BERT’s', async () => {
    const other = await mkdtemp(join(tmpdir(), 'tokenizer-files-'));
    const tokenizer = json(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
    tokenizer.normalizer = { type: 'Lowercase' };
    await writeFile(join(other, 'tokenizer.json'), JSON.stringify(tokenizer));
    await writeFile(join(other, 'tokenizer_config.json'), JSON.stringify({ do_lower_case: true }));
    const config = json((await readTokenizerFiles(other, 24)).files.get('tokenizer_config.json'));
    expect(config).toMatchObject({ do_lower_case: true });
    expect(config).not.toHaveProperty('strip_accents');
    await rm(other, { recursive: true });
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
