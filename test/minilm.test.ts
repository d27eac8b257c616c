// The engine on real weights: one batch on all-MiniLM-L6-v2 against PyTorch's numbers (test/fixtures/minilm-step.json).
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bert } from '../src/models/bert.js';
import { loadWeights, readModelFolder } from '../src/models/model-folder.js';
import type { Weights } from '../src/models/safetensors.js';
import { Engine } from '../src/training/engine.js';
import { expectAllclose } from './support/allclose.js';
import { tokenized } from './support/tiny-bert.js';

interface Fixture {
  ids: number[][];
  loss: number;
  embeddings: number[][];
  gradients: Record<string, { norm: number; largest: number; at: number[]; values: number[] }>;
}

const folder = '../shared/models/all-MiniLM-L6-v2';
const fixture = JSON.parse(readFileSync(new URL('fixtures/minilm-step.json', import.meta.url), 'utf8')) as Fixture;
const texts = fixture.ids.map((ids) => Int32Array.from(ids));
const pairs = texts.length / 2;

describe.skipIf(!existsSync(folder))('the engine on all-MiniLM-L6-v2 (needs ../shared/models)', () => {
  let engine: Engine;
  beforeAll(async () => {
    const model = await readModelFolder(folder);
    const training = {
      loss: 'MultipleNegativesRankingLoss',
      scale: 20,
      dropout: { hidden: 0, attention: 0 },
      seed: 42,
    } as const;
    engine = await Engine.create({ model, weights: await loadWeights(model), training });
  });
  afterAll(() => engine?.dispose());

  test.each([
    ['in one piece', Infinity],
    ['in micro-batches of up to 270 tokens', 270],
  ])('gives the loss and the gradients of PyTorch, %s', async (_name, microBatchTokens) => {
    const batch = { queries: texts.slice(0, pairs), documents: texts.slice(pairs), step: 0, microBatchTokens };
    const { loss, gradients } = await engine.step(batch);
    expectAllclose([loss], [fixture.loss], { rtol: 1e-5, atol: 1e-7, label: 'loss' });
    const config = (await readModelFolder(folder)).config;
    const actual: Weights = bert.fromEngine(config, gradients);
    expect([...actual.keys()].sort()).toEqual(Object.keys(fixture.gradients).sort());
    for (const [name, { norm, largest, at, values }] of Object.entries(fixture.gradients)) {
      // The true gradient of a key's bias is 0.
      if (name.endsWith('key.bias')) continue;
      const { data } = actual.get(name)!;
      const ours = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
      expectAllclose([ours], [norm], { rtol: 1e-4, atol: 0, label: `norm of ${name}` });
      const sampled = at.map((place) => data[place]!);
      expectAllclose(sampled, values, { rtol: 0, atol: 1e-4 * largest, label: name });
    }
  });

  test('embeds as sentence-transformers does', async () => {
    const embeddings = await engine.embed(tokenized(texts));
    fixture.embeddings.forEach((row, at) => {
      const ours = embeddings.subarray(at * engine.dimension, at * engine.dimension + row.length);
      expectAllclose(ours, row, { rtol: 1e-4, atol: 2e-6, label: `text ${at}` });
    });
  });
});
