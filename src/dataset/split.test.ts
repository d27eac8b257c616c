import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDataset } from '../../test/support/prepare-dataset.js';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { hashFraction, normalise } from './content-hash.js';
import type { Pair } from './pairs.js';

let context: TestContext;
beforeEach(async () => {
  context = await makeTestContext();
});
afterEach(() => context.remove());

const write = (name: string, pairs: readonly Pair[]): Promise<void> =>
  writeFile(join(context.folder, name), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
const prepare = (dataset: object, keep: 'last' | 'best' = 'last'): ReturnType<typeof prepareDataset> =>
  prepareDataset(dataset, { dataFolders: [context.folder] }, context, keep);
/** 1000 answers, each asked in two ways; the second time in another case. */
const pairs: Pair[] = [...Array(1000).keys()].flatMap((index) => [
  { question: `What is ${index}?`, answer: `Answer ${index}` },
  { question: `Tell me ${index}!`, answer: `ANSWER  ${index} ` },
]);
const answersOf = (part: Pair[] | undefined): Set<string> =>
  new Set((part ?? []).map(({ answer }) => normalise(answer)));

describe('the split by hash', () => {
  it('puts no answer on both sides, however it is written, and about testRatio of them into the test part', async () => {
    await write('d.jsonl', pairs);
    const { pairs: parts, split } = await prepare({ source: 'd.jsonl', testRatio: 0.2 });
    const [train, test] = [answersOf(parts.train), answersOf(parts.test)];
    expect([...train].filter((answer) => test.has(answer))).toEqual([]);
    expect(train.size + test.size).toBe(1000);
    expect(test.size).toBeGreaterThan(160);
    expect(test.size).toBeLessThan(240);
    expect(split.parts).toEqual({ train: parts.train!.length, test: parts.test!.length });
    expect(split.dropped).toEqual({});
  });

  it('stays as data grows', async () => {
    await write('d.jsonl', pairs.slice(0, 1000));
    await write('more.jsonl', [...pairs].reverse());
    const small = answersOf((await prepare({ source: 'd.jsonl' })).pairs.test);
    const large = answersOf((await prepare({ source: 'more.jsonl' })).pairs.test);
    expect(small.size).toBeGreaterThan(50);
    for (const answer of small) expect(large.has(answer)).toBe(true);
  });

  it('moves with dataset.seed', async () => {
    await write('d.jsonl', pairs);
    const [a, b] = [await prepare({ source: 'd.jsonl' }), await prepare({ source: 'd.jsonl', seed: 7 })];
    expect(answersOf(a.pairs.test)).not.toEqual(answersOf(b.pairs.test));
  });

  it('carves a validation part out of training when the best epoch is kept, and leaves the test part as it was', async () => {
    await write('d.jsonl', pairs);
    const last = await prepare({ source: 'd.jsonl' });
    const best = await prepare({ source: 'd.jsonl', validationRatio: 0.1 }, 'best');
    expect(last.pairs.validation).toBeUndefined();
    expect(best.pairs.test).toEqual(last.pairs.test);
    const [train, validation] = [answersOf(best.pairs.train), answersOf(best.pairs.validation)];
    expect([...train].filter((answer) => validation.has(answer))).toEqual([]);
    expect(validation.size).toBeGreaterThan(50);
    expect(validation.size).toBeLessThan(120);
    expect(new Set([...train, ...validation])).toEqual(answersOf(last.pairs.train));
  });

  it('drops and counts repetitions', async () => {
    const same = { question: 'What is it?', answer: 'This' };
    await write('d.jsonl', [...pairs, same, same]);
    const { split } = await prepare({ source: 'd.jsonl' });
    expect(split.dropped).toEqual({ 'exact duplicate': 1 });
    expect(split.parts.train! + split.parts.test!).toBe(pairs.length + 1);
  });

  it.each([2, 3, 5])('loses nothing of data with %i answers a question, and tears no question apart', async (count) => {
    const several = [...Array(500).keys()].flatMap((index) =>
      [...Array(count).keys()].map((number) => ({ question: `What is ${index}?`, answer: `${number} of ${index}` })),
    );
    await write('d.jsonl', several);
    const { pairs: parts, split } = await prepare({ source: 'd.jsonl', validationRatio: 0.1 }, 'best');
    expect(split.dropped).toEqual({});
    const questions = (['train', 'validation', 'test'] as const).map(
      (part) => new Set(parts[part]!.map(({ question }) => question)),
    );
    expect(questions.reduce((sum, { size }) => sum + size, 0)).toBe(500);
    expect(questions[2]!.size).toBeGreaterThan(75);
    expect(questions[2]!.size).toBeLessThan(130);
    expect(questions[1]!.size).toBeGreaterThan(20);
    expect(questions[1]!.size).toBeLessThan(65);
    expect(context.warnings).toEqual([]);
  });

  it('puts pairs with one answer a question where the hash of seed and answer alone says, as ever', async () => {
    await write('d.jsonl', pairs);
    const { pairs: parts } = await prepare(
      { source: 'd.jsonl', testRatio: 0.3, validationRatio: 0.2, seed: 5 },
      'best',
    );
    const partOf = ({ answer }: Pair): string => {
      if (hashFraction(`5\n${normalise(answer)}`) < 0.3) return 'test';
      return hashFraction(`validation\n5\n${normalise(answer)}`) < 0.2 ? 'validation' : 'train';
    };
    for (const part of ['train', 'validation', 'test'] as const) {
      expect(parts[part]).toEqual(pairs.filter((pair) => partOf(pair) === part));
    }
  });

  it('keeps pairs that a shared question links in train when they are more than the part should have, and tells', async () => {
    const asked = [...Array(1000).keys()].map((index) => ({ question: ' HOW  many?', answer: `${index} of them` }));
    await write('d.jsonl', [...asked, ...pairs]);
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { pairs: parts, split } = await prepare({ source: 'd.jsonl', seed });
      const inTrain = parts.train!.filter(({ question }) => question === ' HOW  many?');
      expect(inTrain).toHaveLength(1000);
      expect(split.parts.test).toBeGreaterThan(250);
      expect(split.dropped).toEqual({});
    }
    expect(context.warnings).toHaveLength(6);
    expect(context.warnings[0]).toMatch(
      /^dataset: 1000 of 3000 pairs hang together by .*\(one question stands in 1000 pairs, one answer in 2\), more than testRatio 0\.2 has room for, and so they are all in train\.$/,
    );
    expect(context.warnings[0]!.length).toBeLessThan(300);
  });
});

describe('given splits', () => {
  const files = async (): Promise<void> => {
    await write('train.jsonl', pairs.slice(0, 200));
    await write('dev.jsonl', pairs.slice(200, 220));
    await write('test.jsonl', [...pairs.slice(220, 260), pairs[0]!]);
  };

  it('are kept as they are, whatever testRatio says, but for test questions that stand in train', async () => {
    await files();
    const { pairs: parts, split } = await prepare({ source: '.', splits: ['train', 'validation', 'test'] });
    expect(parts).toEqual({
      train: pairs.slice(0, 200),
      validation: pairs.slice(200, 220),
      test: pairs.slice(220, 260),
    });
    expect(split.dropped).toEqual({ 'test question stands in train': 1 });
    const zero = await prepare({ source: '.', splits: ['train', 'validation', 'test'], testRatio: 0 });
    expect(zero.split).toEqual(split);
  });

  it('without a validation split give one out of training when the best epoch is kept', async () => {
    await files();
    const { pairs: parts } = await prepare({ source: '.', splits: ['train', 'test'] }, 'best');
    expect(parts.validation!.length).toBeGreaterThan(5);
    expect(parts.train!.length + parts.validation!.length).toBe(200);
    expect(parts.test).toEqual(pairs.slice(220, 260));
  });

  it('lose the questions that also stand in what was taken out of training', async () => {
    await write('train.jsonl', pairs.slice(0, 400));
    await write('dev.jsonl', pairs.slice(0, 440));
    await write('test.jsonl', pairs.slice(0, 440));
    const best = await prepare({ source: '.', splits: ['test', 'train'] }, 'best');
    expect(best.pairs.test).toEqual(pairs.slice(400, 440));
    expect(best.split.dropped).toEqual({
      'test question stands in train': best.split.parts.train,
      'test question stands in validation': best.split.parts.validation,
    });
    const carved = await prepare({ source: '.', splits: ['dev', 'train'] }, 'best');
    expect(carved.pairs.validation).toEqual(pairs.slice(400, 440));
    expect(carved.split.dropped['validation question stands in test']).toBe(carved.split.parts.test);
  });

  it('without a test split need a testRatio', async () => {
    await files();
    const error: unknown = await prepare({ source: '.', splits: ['train', 'dev'], testRatio: 0 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ type: 'InvalidSpec' });
    expect(String(error)).toMatch(
      /dataset\.testRatio: above 0 is needed when no test split is given, got 0 with splits train, dev/,
    );
  });
});

describe('a split that cannot be made', () => {
  const refused = async (dataset: object, keep: 'last' | 'best' = 'last'): Promise<string> => {
    const error: unknown = await prepare(dataset, keep).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'InvalidData' });
    expect(await context.store.listRecords('split')).toEqual([]);
    return String(error);
  };

  it('for too few answers is told with the remedy', async () => {
    await write('d.jsonl', pairs.slice(0, 2));
    expect(await refused({ source: 'd.jsonl' })).toMatch(
      /dataset\.testRatio: the test part is empty with testRatio 0\.2 and seed 42: too few different answers.*train 2/,
    );
    await write('few.jsonl', pairs.slice(0, 60));
    expect(await refused({ source: 'few.jsonl', validationRatio: 0.001 }, 'best')).toMatch(
      /dataset\.validationRatio: /,
    );
  });

  it('because one question links everything is told as such', async () => {
    await write(
      'd.jsonl',
      pairs.slice(0, 60).map(({ answer }) => ({ question: 'How?', answer })),
    );
    expect(await refused({ source: 'd.jsonl' })).toMatch(
      /dataset\.testRatio: the test part is empty with .*: 60 of 60 pairs hang together by .*one question stands in 60 pairs.*Take out the questions and answers that nearly every pair shares, or give a test split\. Pairs: train 60/,
    );
  });

  it('because everything goes into the test part is told', async () => {
    await write('d.jsonl', pairs);
    expect(await refused({ source: 'd.jsonl', testRatio: 1 })).toMatch(/nothing is left to train on with testRatio 1/);
  });

  it('because every test question stands in train is told', async () => {
    await write('train.jsonl', pairs);
    await write('test.jsonl', pairs.slice(0, 9));
    expect(await refused({ source: '.', splits: ['train', 'test'] })).toMatch(
      /the test split holds no question that does not stand in train.*test question stands in train 9/,
    );
  });
});
