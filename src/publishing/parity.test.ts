import { cp, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realTexts } from '../../test/support/real-texts.js';
import { makeTestModel, type TestModel } from '../../test/support/random-model.js';
import { textAt, textCount } from '../text/tokenized-texts.js';
import { openTokenizer } from '../text/tokenizer.js';
import { Engine } from '../training/engine.js';
import { writeModelFolder } from './folder.js';
import { checkParity, cosine, selectTexts, type ParityTexts } from './parity.js';

let made: TestModel;
let engine: Engine;
let folder: string;
let candidates: ParityTexts;
const MAX_LENGTH = 40;

beforeAll(async () => {
  const texts = await realTexts(80);
  made = await makeTestModel(texts);
  engine = await Engine.create({ model: made.model, weights: made.weights });
  folder = join(made.root, 'published');
  await writeModelFolder({ ...made, maxSequenceLength: MAX_LENGTH, prompts: {}, folder });
  candidates = { texts, tokens: (await openTokenizer(made.model.folder)).encode(texts, MAX_LENGTH).texts };
});
afterAll(async () => {
  await engine.dispose();
  await made.remove();
});

const check = (broken = folder): Promise<number> =>
  checkParity({ folder: broken, encoder: engine, candidates, maxLength: MAX_LENGTH });
const breakIt = async (name: string, from: string, to: string): Promise<string> => {
  const broken = join(made.root, name);
  await cp(folder, broken, { recursive: true });
  await copyFile(from, join(broken, to));
  return broken;
};

describe('checkParity', () => {
  it('lets a folder through whose ONNX files embed as the trained weights do', async () => {
    expect(await check()).toBeGreaterThan(0.999999);
  });

  it('refuses a folder that pools otherwise, naming the file and the text', async () => {
    const mean = join(made.root, 'mean');
    const model = { ...made.model, pooling: 'mean' as const };
    await writeModelFolder({ ...made, model, maxSequenceLength: MAX_LENGTH, prompts: {}, folder: mean });
    const broken = await breakIt('broken-pooling', join(mean, 'onnx/model_pooled.onnx'), 'onnx/model_pooled.onnx');
    await expect(check(broken)).rejects.toMatchObject({
      type: 'ParityFailed',
      message: expect.stringMatching(
        /^onnx\/model_pooled\.onnx: .*cosine ≥ 0\.99999\), got 0\.\d+ for text \d+ of \d+, of \d+ characters/,
      ) as string,
    });
  });

  it('refuses a folder whose tokenizer cuts texts otherwise', async () => {
    await expect(
      checkParity({ folder, encoder: engine, candidates, maxLength: MAX_LENGTH - 10 }),
    ).rejects.toMatchObject({ type: 'ParityFailed' });
  });
});

describe('selectTexts', () => {
  it('takes the longest, the shortest and some between, each once', () => {
    const { texts, tokens } = selectTexts(candidates, 32);
    expect(new Set(texts).size).toBe(32);
    const lengths = texts.map((_, index) => textAt(tokens, index).length);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    expect(lengths.filter((length) => length === MAX_LENGTH).length).toBeGreaterThan(4);
    expect(textCount(selectTexts(candidates, 500).tokens)).toBe(80);
  });
});

describe('cosine', () => {
  it('is NaN for vectors of other lengths, zero or not finite, which no check lets through', () => {
    expect(cosine(Float32Array.of(1, 2), Float32Array.of(2, 4))).toBe(1);
    expect(cosine(Float32Array.of(1, 0), Float32Array.of(1))).toBeNaN();
    expect(cosine(Float32Array.of(0, 0), Float32Array.of(1, 0))).toBeNaN();
    expect(cosine(Float32Array.of(NaN, 0), Float32Array.of(1, 0))).toBeNaN();
  });
});
