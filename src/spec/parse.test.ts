import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.js';
import { datasetName, modelName, outputName } from './names.js';

const problems = (input: unknown): string => {
  try {
    parseSpec(input);
    return '';
  } catch (error) {
    expect(error).toMatchObject({ type: 'InvalidSpec' });
    return (error as Error).message;
  }
};

describe('parseSpec', () => {
  it('fills in every default from a model and a dataset alone', () => {
    const spec = parseSpec({ model: 'BAAI/bge-small-en-v1.5', dataset: 'camel-ai/physics' });
    expect(spec.model).toEqual({ source: 'BAAI/bge-small-en-v1.5', revision: 'main' });
    expect(spec.dataset).toMatchObject({
      source: 'camel-ai/physics',
      columns: { question: ['question'], answer: ['answer'] },
      testRatio: 0.2,
      corpusCount: 0,
    });
    expect(spec.training).toMatchObject({
      epochs: 3,
      batchSize: 10,
      learningRate: 2e-5,
      warmupRatio: 0.1,
      dropout: 0,
      keep: 'last',
    });
    expect(spec.evaluation.topK).toBe(5);
  });

  it('takes the whole spec of the origin, whose first answer column really ends in a semicolon', () => {
    const spec = parseSpec({
      model: 'BAAI/bge-small-en-v1.5',
      dataset: {
        source: 'camel-ai/physics',
        revision: 'main',
        splits: ['train'],
        columns: { question: ['message_1'], answer: ['topic;', 'sub_topic', 'message_2'] },
        separator: ' ',
        strip: ['### Instruction:\n'],
        testRatio: 0.2,
        corpusCount: 5,
        seed: 42,
      },
      training: {
        loss: 'MultipleNegativesRankingLoss',
        epochs: 3,
        batchSize: 10,
        learningRate: 2e-5,
        warmupRatio: 0.1,
        weightDecay: 0.01,
        maxGradientNorm: 1.0,
        maxSequenceLength: null,
        dropout: 0,
        seed: 42,
        checkpointEverySeconds: 30,
      },
      evaluation: { topK: 5 },
      output: { name: 'physics-bge-small', directory: 'physics' },
    });
    expect(outputName(spec)).toBe('physics-bge-small');
  });

  it('takes what is frozen, with the embeddings unless told otherwise; to freeze nothing is to leave the key out', () => {
    const frozen = (freeze: unknown): unknown =>
      parseSpec({ model: 'm', dataset: 'd', training: { freeze } }).training.freeze;
    expect(frozen({ layers: 3 })).toEqual({ embeddings: true, layers: 3 });
    expect(frozen({ embeddings: true })).toEqual({ embeddings: true, layers: 0 });
    expect([null, undefined, { embeddings: false }].map(frozen)).toEqual([undefined, undefined, undefined]);
    expect(problems({ model: 'm', dataset: 'd', training: { freeze: { layers: -1 } } })).toMatch(
      /training\.freeze\.layers/,
    );
  });

  it('is idempotent: a parsed spec parses to itself', () => {
    for (const dataset of ['camel-ai/physics', { train: 'a.json', test: 'b.json' }]) {
      const spec = parseSpec({ model: { random: { tokenizer: 'tok' } }, dataset });
      expect(parseSpec(spec)).toEqual(spec);
    }
  });

  it('says what is needed, with an example, when nothing was given', () => {
    expect(problems(undefined)).toMatch(/a JSON object is needed.*"model"/);
  });

  it('names the nearest known key for an unknown one', () => {
    expect(problems({ model: 'm', dataset: 'd', training: { lerningRate: 1 } })).toMatch(
      /training\.lerningRate: unknown key.*did you mean "learningRate"/,
    );
    expect(problems({ model: 'm', dataset: { source: 's', splitz: ['a'] } })).toMatch(
      /dataset\.splitz.*did you mean "splits"/,
    );
  });

  it('names field, value and choices of a bad value', () => {
    expect(problems({ model: 'm', dataset: { source: 's', testRatio: 1.5 } })).toMatch(
      /dataset\.testRatio: .*<=1, got 1\.5/,
    );
    expect(problems({ model: 'm', dataset: 'd', training: { loss: 'Foo' } })).toMatch(
      /training\.loss: one of "MultipleNegativesRankingLoss" is needed, got "Foo"/,
    );
    expect(problems({ dataset: 'd' })).toMatch(/model: .*got nothing/);
    expect(problems({ model: 'm', dataset: { train: 'a.json' } })).toMatch(/dataset\.test: .*got nothing/);
  });

  it('knows which form of a dataset was meant: ready files have no settings of a table', () => {
    expect(problems({ model: 'm', dataset: { train: 'a', test: 'b', seed: 4 } })).toBe(
      'dataset.seed: unknown key, got "seed"; did you mean "test"? Known here: train, test, validation',
    );
    expect(problems({ model: { source: 'm', revsion: 'v' }, dataset: 'd' })).toMatch(/"revision"\? Known here: source/);
  });

  it('lists the forms of a field that has several', () => {
    expect(problems({ dataset: 'd' })).toBe('model: a text or {source, …} or {random} is needed, got nothing');
    expect(problems({ model: 'm', dataset: 'd', training: { dropout: 'modle' } })).toBe(
      'training.dropout: a number or "model" is needed, got "modle"',
    );
  });

  it('refuses an output name that could leave its folder', () => {
    expect(problems({ model: 'm', dataset: 'd', output: { name: '../x' } })).toMatch(/output\.name/);
  });
});

describe('names', () => {
  it('follow from sources and stay harmless', () => {
    const spec = parseSpec({ model: 'BAAI/bge-small-en-v1.5', dataset: { source: '../my data/Q & A.jsonl' } });
    expect(datasetName(spec.dataset)).toBe('Q-A');
    expect(modelName(spec.model)).toBe('bge-small-en-v1.5');
    expect(outputName(spec)).toBe('Q-A-bge-small-en-v1.5');
  });

  it.each([
    ['./data/elements/train.json', 'elements'],
    ['train.json', 'train'],
    ['./train.json', 'train'],
    ['../train.json', 'train'],
    ['/data/lyft/lyft-train.json', 'lyft-train'],
  ])('of ready files: %s goes by %s', (train, name) => {
    expect(datasetName(parseSpec({ model: 'm', dataset: { train, test: 'test.json' } }).dataset)).toBe(name);
  });
});
