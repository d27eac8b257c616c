// The published folder embeds the same in each program that opens it: cosine ≥ 0.99999 to the engine's own vectors on 100 real texts,
// some of them longer than the limit, with mean and with CLS pooling. `npm test` runs what comes with the project, and Python where it is
// found (PYTHON names one); `npm run test:interop` installs the other JavaScript programs, runs all and prints the figures.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWeights, readModelFolder, type EncoderModel } from '../../src/models/model-folder.js';
import type { Weights } from '../../src/models/safetensors.js';
import { writeModelFolder } from '../../src/publishing/folder.js';
import { cosine } from '../../src/publishing/parity.js';
import { textAt } from '../../src/text/tokenized-texts.js';
import { openTokenizer } from '../../src/text/tokenizer.js';
import { Engine } from '../../src/training/engine.js';
import { makeTestModel, type TestModel } from '../support/random-model.js';
import { realTexts } from '../support/real-texts.js';
import { embedWith, programs } from './programs.js';

const MINI_LM = '../shared/models/all-MiniLM-L6-v2';
const SQUAD = '../shared/data/squad-dev/dev-1.1.rebuilt.json';
const TEXTS = 100;
const MAX_LENGTH = 64;

/** A folder that was published, the texts, and the engine's vectors of them. */
interface Published {
  folder: string;
  pooling: EncoderModel['pooling'];
  texts: string[];
  expected: Float32Array[];
  longer: number;
  remove(): Promise<void>;
}

async function publish(model: EncoderModel, weights: Weights, texts: string[]): Promise<Published> {
  const root = await mkdtemp(join(tmpdir(), 'interop-'));
  const folder = join(root, 'published-model');
  await mkdir(folder);
  await writeModelFolder({ model, weights, maxSequenceLength: MAX_LENGTH, prompts: {}, folder });
  const engine = await Engine.create({ model, weights });
  const { texts: tokens, cut } = (await openTokenizer(model.folder)).encode(texts, MAX_LENGTH);
  const vectors = await engine.embed(tokens);
  const { dimension } = engine;
  await engine.dispose();
  const expected = texts.map((_, index) => vectors.slice(index * dimension, (index + 1) * dimension));
  expect(texts.some((_, index) => textAt(tokens, index).length < 12)).toBe(true);
  return {
    folder,
    pooling: model.pooling,
    texts,
    expected,
    longer: cut,
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

const lowestCosine = (vectors: readonly Float32Array[], expected: readonly Float32Array[]): number =>
  Math.min(...expected.map((vector, index) => cosine(vectors[index] ?? new Float32Array(), vector)));

function opensEverywhere(published: () => Published, pooling: EncoderModel['pooling']): void {
  it('has texts that differ and some longer than the limit, so that the comparison says something', () => {
    const { expected, longer, texts } = published();
    expect(texts).toHaveLength(TEXTS);
    expect(longer).toBeGreaterThanOrEqual(10);
    expect(Math.min(...expected.map((vector) => cosine(vector, expected[0]!)))).toBeLessThan(0.9);
  });
  for (const program of programs)
    for (const file of program.files(pooling)) {
      const note = program.missing === undefined ? '' : ` (skipped: ${program.missing})`;
      it.skipIf(program.missing !== undefined)(
        `embeds the same in ${program.name} by ${file}${note}`,
        async () => {
          const { folder, texts, expected } = published();
          const vectors = await embedWith(program, { folder, texts, pooling, file }, join(folder, '..'));
          expect(vectors).toHaveLength(TEXTS);
          const lowest = lowestCosine(vectors, expected);
          if (process.env.INTEROP) console.log(`${program.name}, ${pooling}, ${file}: ${lowest.toFixed(9)}`);
          expect(lowest).toBeGreaterThanOrEqual(0.99999);
        },
        180_000,
      );
    }
}

describe('a published encoder with CLS pooling', () => {
  let made: TestModel;
  let published: Published;
  beforeAll(async () => {
    const texts = await realTexts(TEXTS);
    made = await makeTestModel(texts, { maxPositionEmbeddings: 128, pooling: 'cls' });
    published = await publish(made.model, made.weights, texts);
  });
  afterAll(async () => {
    await published?.remove();
    await made?.remove();
  });
  opensEverywhere(() => published, 'cls');
});

const haveShared = existsSync(MINI_LM) && existsSync(SQUAD);
describe.skipIf(!haveShared)('a published all-MiniLM-L6-v2 with mean pooling (needs ../shared)', () => {
  let published: Published;
  beforeAll(async () => {
    const model = await readModelFolder(MINI_LM);
    published = await publish(model, await loadWeights(model), await squadTexts());
  });
  afterAll(() => published?.remove());
  opensEverywhere(() => published, 'mean');
});

/** Questions and paragraphs by turns. */
async function squadTexts(): Promise<string[]> {
  const { data } = JSON.parse(await readFile(SQUAD, 'utf8')) as {
    data: { paragraphs: { context: string; qas: { question: string }[] }[] }[];
  };
  const pairs = data.flatMap(({ paragraphs }) => paragraphs.slice(0, 2));
  return pairs.flatMap(({ context, qas }) => [qas[0]?.question ?? '', context]).slice(0, TEXTS);
}
