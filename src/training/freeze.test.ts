// Freezing against the same engine unfrozen: the rest's gradients are the same, and the graph holds nothing of what nobody needs.
import { afterEach, describe, expect, it } from 'vitest';
import { relativeError } from '../../test/support/allclose.js';
import { tinyBert, tinyOptions, tokenized } from '../../test/support/tiny-bert.js';
import { decodeModel } from '../graph/emission/onnx-schema.js';
import { bert } from '../models/bert.js';
import type { FreezeSpec } from '../spec/spec.js';
import { stepGraph } from './engine-graphs.js';
import { Engine } from './engine.js';
import { differentiatedFrom, isFrozen, trainedParameters } from './freeze.js';
import { AdamW } from './optimizer.js';

const { config, queries, documents } = tinyBert;
const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

const withDropout = { hidden: 0.1, attention: 0.1 };

async function open(
  freeze?: FreezeSpec,
  { dropout = { hidden: 0, attention: 0 }, readBase = true } = {},
): Promise<Engine> {
  const options = tinyOptions('mean normalized', { dropout });
  const engine = await Engine.create({
    ...options,
    training: { ...options.training!, freeze },
    ...(readBase ? { readBase: () => Promise.resolve(tinyBert.weights()) } : {}),
  });
  engines.push(engine);
  return engine;
}

const cases: [string, FreezeSpec][] = [
  ['the embeddings', { embeddings: true, layers: 0 }],
  ['the embeddings and the lowest layer', { embeddings: true, layers: 1 }],
  ['the lowest layer under trained embeddings', { embeddings: false, layers: 1 }],
  ['every layer under trained embeddings', { embeddings: false, layers: config.numHiddenLayers }],
];

describe.each(cases)('with %s frozen', (_name, freeze) => {
  const frozen = bert.engineParameters(config).filter((parameter) => isFrozen(parameter, freeze));

  it.each([
    ['in one piece', { hidden: 0, attention: 0 }, undefined],
    ['in one piece, with dropout', withDropout, undefined],
    ['in micro-batches', { hidden: 0, attention: 0 }, 45],
    ['in micro-batches, with dropout', withDropout, 45],
  ])('loss and the gradients of the rest are those of the whole model, %s', async (_way, dropout, microBatchTokens) => {
    const batch = { queries, documents, step: 3, ...(microBatchTokens === undefined ? {} : { microBatchTokens }) };
    const whole = await (await open(undefined, { dropout })).step(batch);
    const part = await (await open(freeze, { dropout })).step(batch);
    expect(Math.abs(part.loss - whole.loss)).toBeLessThan(1e-5);
    const left = [...whole.gradients.keys()].filter((name) => !frozen.some((parameter) => parameter.name === name));
    expect([...part.gradients.keys()]).toEqual(left);
    for (const [name, gradient] of part.gradients) {
      expect(relativeError(gradient, whole.gradients.get(name)!), name).toBeLessThan(1e-5);
    }
  });

  it('an update moves every trained parameter and no bit of a frozen one', async () => {
    const engine = await open(freeze);
    const { gradients } = await engine.step({ queries, documents, step: 0 });
    new AdamW(engine.parameters).update({ gradients, learningRate: 1e-2, step: 0 });
    const base = bert.toEngine(config, tinyBert.weights());
    const now = bert.toEngine(config, engine.toWeights());
    const unmoved = [...now].filter(([name, data]) => sameBits(data, base.get(name)!)).map(([name]) => name);
    expect(unmoved).toEqual(frozen.map(({ name }) => name));
  });
});

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

describe('the step graph', () => {
  const operators = (freeze?: FreezeSpec): Record<string, number> => {
    const { model, training } = tinyOptions('mean normalized');
    const { bytes } = stepGraph(model, { ...training!, freeze });
    const counts: Record<string, number> = {};
    for (const { opType } of decodeModel(bytes).graph.node) counts[opType] = (counts[opType] ?? 0) + 1;
    return counts;
  };

  it('has no backward pass below the lowest trained layer, and works nothing out again there', () => {
    const whole = operators();
    const half = operators({ embeddings: true, layers: 1 });
    // A layer has four products, each with two gradients; the lowest trained one needs no gradient of its input.
    expect(whole.Gemm).toBe(4 * 3 * config.numHiddenLayers);
    expect(half.Gemm).toBe(whole.Gemm! - 4 * 2 - 1);
    // GELU's derivative, and GELU itself worked out again for the weight gradient.
    expect([half.Exp, half.Gelu]).toEqual([whole.Exp! - 1, whole.Gelu! - 1]);
    expect(whole.Gelu).toBe(2 * config.numHiddenLayers);
  });

  it('passes a gradient through frozen layers to trained embeddings without weight gradients', () => {
    const through = operators({ embeddings: false, layers: config.numHiddenLayers });
    expect(through.Gemm).toBe(4 * 2 * config.numHiddenLayers);
  });
});

describe('an engine that froze a part', () => {
  const freeze = { embeddings: true, layers: 1 };

  it('takes a checkpoint of the rest, also after it was lent to weights that differ in all', async () => {
    const engine = await open(freeze);
    const rest = new Map(engine.parameters.map(({ name, data }) => [name, data.map((x) => x + 1)]));
    await engine.load(rest);
    const expected = await engine.embed(tokenized(queries));
    await engine.load(new Map([...bert.toEngine(config, tinyBert.weights())].map(([name, x]) => [name, x.fill(0.5)])));
    expect(await engine.embed(tokenized(queries))).not.toEqual(expected);
    await engine.load(rest);
    expect(await engine.embed(tokenized(queries))).toEqual(expected);
  });

  it('says what is missing when it cannot read the base model again, and changes nothing', async () => {
    const engine = await open(freeze, { readBase: false });
    const before = engine.toWeights();
    await expect(engine.load(new Map())).rejects.toThrow(
      `Engine.load: ${engine.parameters[0]!.name} needs ${engine.parameters[0]!.data.length} values, got none`,
    );
    expect(engine.toWeights()).toEqual(before);
  });
});

describe('trainedParameters', () => {
  it('are all where nothing is frozen', () => {
    expect(trainedParameters(bert, config, undefined)).toEqual(bert.engineParameters(config));
    expect(differentiatedFrom(undefined)).toBe(0);
  });

  it.each([
    [{ embeddings: true, layers: config.numHiddenLayers }, "must be fewer than the model's"],
    [{ embeddings: false, layers: config.numHiddenLayers + 1 }, "must be at most the model's"],
  ])('are refused when nothing is left: %o', (freeze, message) => {
    expect(() => trainedParameters(bert, config, freeze)).toThrow(message);
  });
});
