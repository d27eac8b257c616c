import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDataset } from '../../test/support/prepare-dataset.js';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { normalise } from './content-hash.js';
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

  it('drops and counts repetitions, and test questions that also stand in train', async () => {
    const same = { question: 'What is it?', answer: 'This' };
    const asked = [...Array(40).keys()].map((index) => ({ question: 'HOW  many?', answer: `${index} of them` }));
    await write('d.jsonl', [...pairs, same, same, ...asked]);
    const { pairs: parts, split } = await prepare({ source: 'd.jsonl' });
    expect(parts.test!.some(({ question }) => normalise(question) === 'how many?')).toBe(false);
    expect(split.dropped['exact duplicate']).toBe(1);
    expect(split.dropped['test question stands in train']).toBeGreaterThan(2);
    const total = Object.values(split.parts).reduce((sum, count) => sum + count, 0);
    const dropped = Object.values(split.dropped).reduce((sum, count) => sum + count, 0);
    expect(total + dropped).toBe(pairs.length + 2 + asked.length);
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
