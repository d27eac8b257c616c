// The engine against PyTorch (numbers of test/fixtures/tiny-bert.json), against itself in micro-batches, and for determinism.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { expectAllclose, relativeError } from '../../test/support/allclose.js';
import {
  expected,
  expectedWithDropout,
  TINY_CASES,
  tinyBert,
  tinyOptions,
  tokenized,
} from '../../test/support/tiny-bert.js';
import { bert } from '../models/bert.js';
import { memoryOf } from './adamw-memory.js';
import { Engine, type EngineOptions } from './engine.js';
import { EngineSession } from './engine-session.js';

const { queries, documents, config } = tinyBert;
const engines: Engine[] = [];
const open = async (options: EngineOptions): Promise<Engine> => {
  const engine = await Engine.create(options);
  engines.push(engine);
  return engine;
};
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

/** A key's bias moves all scores of a query alike: its true gradient is 0, and what is computed is rounding. */
const isKeyBias = (name: string): boolean => name.endsWith('key.bias');

/** The engine's gradients in PyTorch's names. */
function torchGradients(gradients: Map<string, Float32Array>): Map<string, { data: Float32Array }> {
  return bert.fromEngine(config, gradients);
}

test('holds trained parameters where the optimizer changes them in place, and the others anywhere', async () => {
  const [trained, embeds] = [
    await open(tinyOptions('mean')),
    await open({ ...tinyOptions('mean'), training: undefined }),
  ];
  expect(trained.parameters.every(({ data }) => memoryOf(data) !== undefined)).toBe(true);
  expect(embeds.parameters.some(({ data }) => memoryOf(data) !== undefined)).toBe(false);
});

test('has one graph of a kind, each with memory of its own, however few the texts are', async () => {
  const created = vi.spyOn(EngineSession, 'create');
  try {
    const engine = await open(tinyOptions('mean'));
    for (const pairs of [1, 2, 3, queries.length]) {
      const batch = { queries: queries.slice(0, pairs), documents: documents.slice(0, pairs), step: 0 };
      await engine.step(batch);
      await engine.step({ ...batch, microBatchTokens: 60 });
      await engine.embed(tokenized(batch.documents));
    }
    expect(created).toHaveBeenCalledTimes(5); // step, forward, loss, backward, embed
  } finally {
    created.mockRestore();
  }
});

test('frees every graph also when one could not be loaded, and tries that one again', async () => {
  const engine = await Engine.create(tinyOptions('mean'));
  const batch = { queries, documents, step: 0 };
  const created = vi.spyOn(EngineSession, 'create').mockRejectedValueOnce(new Error('bad_alloc'));
  const released = vi.spyOn(EngineSession.prototype, 'release');
  try {
    await expect(engine.step(batch)).rejects.toThrow('bad_alloc');
    await engine.embed(tokenized(documents));
    await engine.dispose();
    expect(released).toHaveBeenCalledTimes(1);
    await engine.step(batch);
    await engine.dispose();
    expect([created.mock.calls.length, released.mock.calls.length]).toEqual([3, 2]);
  } finally {
    created.mockRestore();
    released.mockRestore();
  }
});

describe.each(TINY_CASES)('the engine with %s pooling', (tinyCase) => {
  test.each([
    ['in one piece', undefined],
    ['in micro-batches of four short and two long pairs', 60],
    ['in micro-batches of one pair', 1],
  ])('gives the loss and every gradient of PyTorch, %s', async (_name, microBatchTokens) => {
    const engine = await open(tinyOptions(tinyCase));
    const truth = expected(tinyCase);
    const { loss, gradients, tokens } = await engine.step({
      queries,
      documents,
      step: 0,
      ...(microBatchTokens === undefined ? {} : { microBatchTokens }),
    });
    expect(tokens).toBe([...queries, ...documents].reduce((sum, text) => sum + text.length, 0));
    expectAllclose([loss], [truth.loss], { rtol: 2e-6, label: 'loss' });
    const actual = torchGradients(gradients);
    expect([...actual.keys()].sort()).toEqual([...truth.gradients.keys()].sort());
    const errors = [...truth.gradients].flatMap(([name, gradient]) => {
      const error = relativeError(actual.get(name)!.data, gradient);
      return isKeyBias(name) || error <= 1e-4 ? [] : [`${name}: ${error}`];
    });
    expect(errors).toEqual([]);
  });

  test('embeds as sentence-transformers does, in the order of the texts', async () => {
    const engine = await open(tinyOptions(tinyCase));
    const embeddings = await engine.embed(tokenized([...queries, ...documents]));
    expectAllclose(embeddings, expected(tinyCase).embeddings, { rtol: 1e-4, atol: 2e-6, label: 'embeddings' });
  });
});

describe('dropout', () => {
  test('stands where transformers has it: loss and gradients are those of PyTorch with the same masks', async () => {
    const truth = expectedWithDropout();
    const engine = await open(tinyOptions('mean normalized', { dropout: truth.dropout }));
    const { loss, gradients } = await engine.step({ queries, documents, step: truth.step });
    expectAllclose([loss], [truth.loss], { rtol: 2e-6, label: 'loss' });
    const actual = torchGradients(gradients);
    expect([...actual.keys()].sort()).toEqual([...truth.gradients.keys()].sort());
    for (const [name, gradient] of truth.gradients) {
      if (!isKeyBias(name)) expect(relativeError(actual.get(name)!.data, gradient), name).toBeLessThan(1e-4);
    }
  });
});

describe('gradient caching', () => {
  const dropout = { hidden: 0.1, attention: 0.2 };

  test.each([
    ['without dropout', { hidden: 0, attention: 0 }],
    ['with dropout', dropout],
    ['with attention dropout alone', { hidden: 0, attention: 0.2 }],
  ])('gives the gradients of the whole batch, %s', async (_name, rates) => {
    const engine = await open(tinyOptions('mean normalized', { dropout: rates }));
    const whole = await engine.step({ queries, documents, step: 3 });
    const copies = new Map([...whole.gradients].map(([name, data]) => [name, data.slice()]));
    for (const microBatchTokens of [1, 45, 60]) {
      let passes = 0;
      const onMicroBatch = async (): Promise<void> => void passes++;
      const cached = await engine.step({ queries, documents, step: 3, microBatchTokens, onMicroBatch });
      // With a limit of one token every pair is a micro-batch of its own, with two passes.
      if (microBatchTokens === 1) expect(passes).toBe(2 * queries.length);
      expectAllclose([cached.loss], [whole.loss], { rtol: 1e-5, label: `loss, ${microBatchTokens}` });
      for (const [name, gradient] of cached.gradients) {
        const data = copies.get(name)!;
        // Key biases are part of qkv's bias and rounding alone; their size is measured against the whole.
        expect(relativeError(gradient, data), `${name}, micro-batches of ${microBatchTokens} tokens`).toBeLessThan(
          1e-5,
        );
      }
    }
  });

  test.each([Infinity, 45])(
    'gives gradients that tell how the loss moves, with dropout, in micro-batches of %d tokens',
    async (microBatchTokens) => {
      const engine = await open(tinyOptions('cls normalized', { dropout }));
      const batch = { queries, documents, step: 3, microBatchTokens };
      const { gradients } = await engine.step(batch);
      const direction = new Map([...gradients].map(([name, data]) => [name, data.slice()]));
      const norm = Math.sqrt([...direction.values()].reduce((sum, data) => data.reduce((s, v) => s + v * v, sum), 0));
      const move = (distance: number): void => {
        for (const { name, data } of engine.parameters) {
          const along = direction.get(name)!;
          for (let i = 0; i < data.length; i++) data[i] = data[i]! + (distance / norm) * along[i]!;
        }
      };
      const reach = 1e-3;
      move(reach);
      const above = (await engine.step(batch)).loss;
      move(-2 * reach);
      const below = (await engine.step(batch)).loss;
      // Along the gradient the slope is its norm.
      expectAllclose([(above - below) / (2 * reach)], [norm], { rtol: 5e-3, label: 'slope' });
    },
  );

  test('drops other elements at another step, and the same at the same step', async () => {
    const engine = await open(tinyOptions('mean normalized', { dropout }));
    const loss = async (step: number): Promise<number> => (await engine.step({ queries, documents, step })).loss;
    const first = await loss(1);
    expect(await loss(2)).not.toBe(first);
    expect(await loss(1)).toBe(first);
  });
});

describe('determinism', () => {
  test.each([
    ['without dropout', { hidden: 0, attention: 0 }],
    ['with dropout', { hidden: 0.1, attention: 0.1 }],
  ])('gradients have the same bits from run to run and with one and two threads, %s', async (_name, dropout) => {
    const results: Uint8Array[][] = [];
    for (const threads of [1, 2, 2]) {
      const engine = await open(tinyOptions('mean normalized', { dropout, threads }));
      const { gradients } = await engine.step({ queries, documents, step: 0 });
      results.push(
        [...gradients.values()].map(({ buffer, byteOffset, byteLength }) =>
          new Uint8Array(buffer, byteOffset, byteLength).slice(),
        ),
      );
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[1]);
  });

  test('a step leaves nothing behind in the next one', async () => {
    const engine = await open(tinyOptions('mean normalized'));
    const bits = async (from: number): Promise<Map<string, Float32Array>> => {
      const { gradients } = await engine.step({
        queries: queries.slice(from),
        documents: documents.slice(from),
        step: 0,
      });
      return new Map([...gradients].map(([name, data]) => [name, data.slice()]));
    };
    const first = await bits(0);
    await bits(3);
    expect(await bits(0)).toEqual(first);
  });
});

describe('weights', () => {
  test('come out as they went in', async () => {
    const engine = await open(tinyOptions('mean'));
    expect(engine.toWeights()).toEqual(tinyBert.weights());
  });

  test('can be put back, and a wrong size changes nothing', async () => {
    const engine = await open(tinyOptions('mean'));
    const saved = new Map(engine.parameters.map(({ name, data }) => [name, data.slice()]));
    for (const { data } of engine.parameters) data.fill(0.5);
    await expect(engine.load(new Map([...saved].slice(1)))).rejects.toThrow('embeddings.word_embeddings.weight');
    expect(engine.parameters.every(({ data }) => data[0] === 0.5)).toBe(true);
    await engine.load(saved);
    expect(engine.toWeights()).toEqual(tinyBert.weights());
  });

  test('are read live: a changed parameter changes the loss', async () => {
    const engine = await open(tinyOptions('mean'));
    const { loss } = await engine.step({ queries, documents, step: 0 });
    engine.parameters.find(({ name }) => name.endsWith('layer.0.output.dense.weight'))!.data.fill(0);
    expect((await engine.step({ queries, documents, step: 0 })).loss).not.toBe(loss);
  });

  test('decay, but for biases and LayerNorm', async () => {
    const engine = await open(tinyOptions('mean'));
    const undecayed = engine.parameters.filter(({ decay }) => !decay).map(({ name }) => name);
    expect(undecayed.every((name) => name.endsWith('.bias') || name.includes('LayerNorm'))).toBe(true);
    expect(undecayed).toHaveLength(engine.parameters.length - 3 - 4 * config.numHiddenLayers);
  });
});

describe('embedding', () => {
  test('stops between batches when asked', async () => {
    const engine = await open(tinyOptions('mean'));
    await expect(engine.embed(tokenized(queries), { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow(
      'stop',
    );
  });

  test('gives each text what it gives it alone, and reports progress', async () => {
    const engine = await open(tinyOptions('mean normalized'));
    const texts = [...queries, ...documents];
    const done: number[] = [];
    const together = await engine.embed(tokenized(texts), { onProgress: (count) => done.push(count) });
    expect(done.at(-1)).toBe(texts.length);
    for (const [at, text] of texts.entries()) {
      const alone = await engine.embed(tokenized([text]));
      const row = together.subarray(at * engine.dimension, (at + 1) * engine.dimension);
      expectAllclose(row, alone, { rtol: 1e-5, atol: 1e-6, label: `text ${at}` });
    }
  });

  test('of no texts is empty', async () => {
    const engine = await open(tinyOptions('mean'));
    expect(await engine.embed(tokenized([]))).toHaveLength(0);
  });

  test('needs no training options, and a step then says so', async () => {
    const { training: _training, ...options } = tinyOptions('mean');
    const engine = await open(options);
    expect(await engine.embed(tokenized(queries))).toHaveLength(queries.length * engine.dimension);
    await expect(engine.step({ queries, documents, step: 0 })).rejects.toThrow(
      'Engine.step: needs an engine made with `training`',
    );
  });
});

describe('a batch that cannot be', () => {
  test.each([
    ['queries without documents', { queries, documents: [] }, 'one document a query, got 6 queries and 0 documents'],
    ['nothing', { queries: [], documents: [] }, 'got 0 queries'],
    ['micro-batches of nothing', { queries, documents, microBatchTokens: 0 }, 'microBatchTokens must be'],
  ])('is refused: %s', async (_name, batch, message) => {
    const engine = await open(tinyOptions('mean'));
    await expect(engine.step({ ...batch, step: 0 })).rejects.toThrow(message);
  });
});
