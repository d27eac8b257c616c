import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { expectAllclose } from '../../test/support/allclose.js';
import { expected, TINY_CASES, tinyBert } from '../../test/support/tiny-bert.js';
import { FinalError } from '../errors.js';
import { constant } from '../graph/build.js';
import { emitOnnx } from '../graph/emission/emit-onnx.js';
import { findArchitecture } from './architectures.js';
import { bert } from './bert.js';
import { poolPadded } from './pooling.js';

const json = tinyBert.configJson as Record<string, unknown>;

describe('parseConfig', () => {
  test('reads what the engine needs', () => {
    expect(bert.parseConfig(json)).toEqual({
      modelType: 'bert',
      hiddenSize: 24,
      numHiddenLayers: 2,
      numAttentionHeads: 3,
      intermediateSize: 40,
      vocabSize: 60,
      maxPositionEmbeddings: 20,
      typeVocabSize: 2,
      layerNormEps: 1e-12,
      hiddenAct: 'gelu',
      hiddenDropout: 0,
      attentionDropout: 0,
    });
  });

  test.each([
    ['another activation', { hidden_act: 'gelu_new' }, 'hidden_act: only "gelu" is supported, got "gelu_new"'],
    [
      'relative positions',
      { position_embedding_type: 'relative_key' },
      'only "absolute" is supported, got "relative_key"',
    ],
    ['a decoder', { is_decoder: true }, 'is_decoder: a decoder is not an encoder'],
    [
      'heads that do not divide the width',
      { num_attention_heads: 5 },
      'must be a multiple of num_attention_heads, got 24 and 5',
    ],
    ['a missing size', { hidden_size: undefined }, 'hidden_size'],
    ['an absurd size', { num_hidden_layers: -1 }, 'num_hidden_layers'],
  ])('refuses %s by name', (_name, change, message) => {
    const parse = (): unknown => bert.parseConfig({ ...json, ...change });
    expect(parse).toThrow(FinalError);
    expect(parse).toThrow(message);
  });
});

describe('findArchitecture', () => {
  test('finds BERT', () => {
    expect(findArchitecture(json)).toBe(bert);
  });

  test.each([{ model_type: 'llama' }, {}, null, 'bert'])('refuses %j and lists what is supported', (config) => {
    const find = (): unknown => findArchitecture(config);
    expect(find).toThrow(FinalError);
    expect(find).toThrow('supported: bert');
  });
});

describe('the layout', () => {
  test('has every value of PyTorch once', () => {
    const count = (shapes: { shape: number[] }[]): number =>
      shapes.reduce((total, { shape }) => total + shape.reduce((size, dim) => size * dim, 1), 0);
    expect(count(bert.engineParameters(tinyBert.config))).toBe(count(bert.parameters(tinyBert.config)));
  });

  test('leads to the engine and back without a change, and never shares memory', () => {
    const weights = tinyBert.weights();
    const engine = bert.toEngine(tinyBert.config, weights);
    expect(bert.fromEngine(tinyBert.config, engine)).toEqual(weights);
    for (const data of engine.values()) data.fill(0);
    expect(weights).toEqual(tinyBert.weights());
  });

  test('names a missing tensor', () => {
    const weights = tinyBert.weights();
    weights.delete('encoder.layer.1.attention.self.key.bias');
    expect(() => bert.toEngine(tinyBert.config, weights)).toThrow('encoder.layer.1.attention.self.key.bias');
  });

  test('lists the names that PyTorch has', () => {
    expect(
      bert
        .parameters(tinyBert.config)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...tinyBert.weights().keys()].sort());
  });
});

describe('the padded encoder', () => {
  test.each(TINY_CASES)(
    'embeds as sentence-transformers does from standard operators of set 17: %s',
    async (tinyCase) => {
      const data = bert.toEngine(tinyBert.config, tinyBert.weights());
      const encoder = bert.buildPaddedEncoder(tinyBert.config, ({ name, shape }) =>
        constant('float32', shape, data.get(name)!, name),
      );
      const embedding = poolPadded(encoder.lastHiddenState, encoder.attentionMask, {
        pooling: tinyCase.startsWith('cls') ? 'cls' : 'mean',
        normalize: tinyCase.endsWith('normalized'),
      });
      const graph = emitOnnx(
        { last_hidden_state: encoder.lastHiddenState, sentence_embedding: embedding },
        { opset: 17, standardOnly: true, inputs: [encoder.inputIds, encoder.attentionMask, encoder.tokenTypeIds] },
      );
      const texts = [...tinyBert.queries, ...tinyBert.documents];
      const longest = Math.max(...texts.map((text) => text.length));
      const padded = (value: (text: Int32Array, place: number) => number): Tensor =>
        new Tensor(
          'int64',
          BigInt64Array.from(
            texts.flatMap((text) => Array.from({ length: longest }, (_, i) => BigInt(value(text, i)))),
          ),
          [texts.length, longest],
        );
      const session = await InferenceSession.create(graph.bytes);
      const results = await session.run({
        // Padding of any id: it must not matter.
        input_ids: padded((text, i) => text[i] ?? 7),
        attention_mask: padded((text, i) => Number(i < text.length)),
        token_type_ids: padded(() => 0),
      });
      await session.release();
      expect(results['last_hidden_state']!.dims).toEqual([texts.length, longest, tinyBert.config.hiddenSize]);
      expectAllclose(results['sentence_embedding']!.data as Float32Array, expected(tinyCase).embeddings, {
        rtol: 1e-4,
        atol: 2e-6,
      });
    },
  );
});
