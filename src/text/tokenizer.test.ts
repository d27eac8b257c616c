import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tokenizerJson } from '../../test/support/training-fixture.js';
import { textAt } from './tokenized-texts.js';
import { openTokenizer } from './tokenizer.js';

const SHARED = new URL('../../../shared/', import.meta.url).pathname;
const MODEL = join(SHARED, 'models/all-MiniLM-L6-v2');
const XQUAD = join(SHARED, 'data/xquad');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('openTokenizer', () => {
  it('gives ids with their special tokens, whatever truncation and padding tokenizer.json asks for', async () => {
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson()));
    const tokenizer = await openTokenizer(folder);
    const { texts, cut } = tokenizer.encode(['Word0 word1 word2 word3', '', 'nonsense'], 16);
    expect([...textAt(texts, 0)]).toEqual([2, 5, 6, 7, 8, 3]);
    expect([...textAt(texts, 1)]).toEqual([2, 3]);
    expect([...textAt(texts, 2)]).toEqual([2, 1, 3]);
    expect(cut).toBe(0);
    expect(tokenizer.specialTokens).toEqual({ before: 1, after: 1 });
    expect(tokenizer.vocabularySize).toBe(60);
  });

  it('cuts a long text and keeps its closing [SEP]', async () => {
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson()));
    const { texts, cut } = (await openTokenizer(folder)).encode(['word0 word1 word2 word3', 'word4 word5'], 4);
    expect([...textAt(texts, 0)]).toEqual([2, 5, 6, 3]);
    expect([...textAt(texts, 1)]).toEqual([2, 9, 10, 3]);
    expect(cut).toBe(1);
  });

  it('refuses a length that leaves no room for text', async () => {
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson()));
    const tokenizer = await openTokenizer(folder);
    expect(() => tokenizer.encode(['word1'], 2)).toThrow(
      expect.objectContaining({ type: 'InvalidSpec', message: expect.stringMatching(/above that, got 2/) }),
    );
  });

  it('says what to do when there is no tokenizer.json, and names the file when it is none', async () => {
    await expect(openTokenizer(folder)).rejects.toMatchObject({
      type: 'UnsupportedModel',
      message: expect.stringMatching(/no tokenizer\.json.*save_pretrained/),
    });
    await writeFile(join(folder, 'tokenizer.json'), '[1, 2');
    await expect(openTokenizer(folder)).rejects.toMatchObject({
      type: 'UnsupportedModel',
      message: expect.stringMatching(/tokenizer\.json .* is not a JSON object/),
    });
    await writeFile(join(folder, 'tokenizer.json'), '{"model": {"type": "Unheard"}}');
    await expect(openTokenizer(folder)).rejects.toMatchObject({ type: 'UnsupportedModel' });
  });
});

describe.skipIf(!existsSync(MODEL) || !existsSync(XQUAD))('the tokenizer of a real model (needs ../shared)', () => {
  it.each(['en', 'de', 'zh'])('gives what the Rust tokenizer gives for every xquad text in %s', async (language) => {
    // Made by test/fixtures/scripts/tokenizer.py.
    const fixture = JSON.parse(
      readFileSync(new URL('../../test/fixtures/tokenizer-xquad.json', import.meta.url), 'utf8'),
    ) as { maxLength: number } & Record<string, { texts: number; cut: number; hashes: string }>;
    const { data } = JSON.parse(readFileSync(join(XQUAD, `xquad.${language}.json`), 'utf8')) as {
      data: { paragraphs: { context: string; qas: { question: string }[] }[] }[];
    };
    const texts = data.flatMap(({ paragraphs }) =>
      paragraphs.flatMap(({ context, qas }) => [context, ...qas.map(({ question }) => question)]),
    );
    const expected = fixture[language]!;
    const encoded = (await openTokenizer(MODEL)).encode(texts, fixture.maxLength);
    expect(texts).toHaveLength(expected.texts);
    expect(encoded.cut).toBe(expected.cut);
    const differing = texts.filter((_, i) => {
      const hash = createHash('sha256')
        .update([...textAt(encoded.texts, i)].join(' '))
        .digest('hex')
        .slice(0, 8);
      return hash !== expected.hashes.slice(8 * i, 8 * i + 8);
    });
    expect(differing).toEqual([]);
  });
});
