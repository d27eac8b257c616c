// The small encoder that the quickstart starts from: small, complete, readable, and with the names of those whose texts it learnt from.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../src/text/tokenizer.js';
import { textAt } from '../../src/text/tokenized-texts.js';
import { loadWeights, readModelFolder } from '../../src/models/model-folder.js';

const folder = fileURLToPath(new URL('../../examples/encoder/model', import.meta.url));

describe('examples/encoder/model', () => {
  it('takes at most 8 MB', () => {
    const bytes = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => statSync(join(folder, name)))
      .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
    expect(bytes).toBeGreaterThan(4_000_000);
    expect(bytes).toBeLessThanOrEqual(8_000_000);
  });

  it('is a BERT of 4 layers × 128 with mean pooling whose weights are all there and finite', async () => {
    const model = await readModelFolder(folder);
    expect(model).toMatchObject({ pooling: 'mean', normalize: true, maxSequenceLength: 128, prompts: {} });
    expect(model.config).toMatchObject({ hiddenSize: 128, numHiddenLayers: 4, vocabSize: 8000 });
    for (const [name, { data }] of await loadWeights(model)) expect(data.every(Number.isFinite), name).toBe(true);
  });

  it('splits words and numbers as its vocabulary says', async () => {
    const vocabulary = readFileSync(join(folder, 'vocab.txt'), 'utf8').trimEnd().split('\n');
    expect(vocabulary).toHaveLength(8000);
    const { texts } = (await openTokenizer(folder)).encode(['Oxygen, found in 1774.'], 128);
    const pieces = [...textAt(texts, 0)].map((id) => vocabulary[id]);
    expect(pieces).toEqual(['[CLS]', 'oxygen', ',', 'found', 'in', '17', '##74', '.', '[SEP]']);
  });

  it('names the authors and licences of the texts it was made from', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const name of ['CC BY-SA 4.0', 'Apache-2.0', 'Rajpurkar', 'Möller', 'pretrain.json'])
      expect(readme).toContain(name);
  });
});
