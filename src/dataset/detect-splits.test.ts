import { describe, expect, it } from 'vitest';
import { conversionSplits, detectSplits, filesOfSplit, leftOutOf, type LeftOut } from './detect-splits.js';

const detected = (...names: string[]): Record<string, string[]> => Object.fromEntries(detectSplits(names).splits);

describe('splits', () => {
  it('are found by the shards’ names', () => {
    expect(
      detected(
        'README.md',
        'data/train-00001-of-00002-0a1b.parquet',
        'data/train-00000-of-00002-0a1b.parquet',
        'data/test_sft-00000-of-00001.parquet',
      ),
    ).toEqual({
      train: ['data/train-00000-of-00002-0a1b.parquet', 'data/train-00001-of-00002-0a1b.parquet'],
      test_sft: ['data/test_sft-00000-of-00001.parquet'],
    });
  });

  it('are found by a keyword in the file’s name or by its folder’s name', () => {
    expect(detected('sciq_train.jsonl', 'sciq-dev.jsonl', 'sciq.test.jsonl')).toEqual({
      train: ['sciq_train.jsonl'],
      validation: ['sciq-dev.jsonl'],
      test: ['sciq.test.jsonl'],
    });
    expect(detected('train/a.csv', 'train/b.csv', 'test/a.csv')).toEqual({
      train: ['train/a.csv', 'train/b.csv'],
      test: ['test/a.csv'],
    });
    // A word that merely contains one is none.
    expect(detected('latest.jsonl', 'contest.jsonl')).toEqual({ train: ['contest.jsonl', 'latest.jsonl'] });
  });

  it('of shards whose name is no split are those of their folder', () => {
    expect(
      detected(
        'train/part-00000-of-00002.parquet',
        'train/part-00001-of-00002.parquet',
        'test/part-00000-of-00001.parquet',
      ),
    ).toEqual({
      train: ['train/part-00000-of-00002.parquet', 'train/part-00001-of-00002.parquet'],
      test: ['test/part-00000-of-00001.parquet'],
    });
    expect(detected('en/dev/part-00000-of-00001.parquet', 'de/train/part-00000-of-00001.parquet')).toEqual({
      'en/validation': ['en/dev/part-00000-of-00001.parquet'],
      'de/train': ['de/train/part-00000-of-00001.parquet'],
    });
    // A shard's own keyword goes before its folder's; without any, the shard's name is the split.
    const own = 'test/train-00000-of-00001.parquet';
    expect(detected(own)).toEqual({ train: [own] });
    expect(detected('data/part-00000-of-00001.parquet')).toEqual({ part: ['data/part-00000-of-00001.parquet'] });
  });

  it('are all train when no name tells, as with one zip and its bookkeeping', () => {
    expect(detectSplits(['.gitattributes', 'README.md', 'physics.zip', 'dataset_infos.json'])).toEqual({
      splits: new Map([['train', ['physics.zip']]]),
      named: false,
    });
  });

  it('are made of the most frequent format alone', () => {
    expect(detected('a.jsonl', 'b.jsonl', 'notes.json')).toEqual({ train: ['a.jsonl', 'b.jsonl'] });
  });

  it('are told with the files that are in none', () => {
    const left = (...names: string[]): LeftOut => leftOutOf(names, detectSplits(names));
    expect(left('billing.jsonl', 'shipping.jsonl', 'product-training.jsonl', 'README.md')).toEqual({
      otherFormat: [],
      noSplit: ['billing.jsonl', 'shipping.jsonl'],
    });
    expect(left('data.jsonl', 'a.json', 'b.json', 'dataset_infos.json')).toEqual({
      otherFormat: ['data.jsonl'],
      noSplit: [],
    });
    expect(left('a.json', 'b.json.gz')).toEqual({ otherFormat: [], noSplit: [] });
  });

  it('of several configurations are asked for with the configuration’s name', () => {
    const both = detectSplits(['main/train-00000-of-00001.parquet', 'socratic/train-00000-of-00001.parquet']);
    expect(filesOfSplit(both, 'socratic/train', 'gsm')).toEqual(['socratic/train-00000-of-00001.parquet']);
    expect(() => filesOfSplit(both, 'train', 'gsm')).toThrow(
      /There are: main\/train, socratic\/train\. It has several configurations: ask for "main\/train"/,
    );
  });

  it('that are missing are told with those there are', () => {
    const found = detectSplits(['train.csv', 'dev.csv']);
    expect(() => filesOfSplit(found, 'test', 'a/b')).toThrow(
      'dataset.splits: a split of a/b is needed, got "test". There are: validation, train',
    );
    expect(filesOfSplit(found, 'dev', 'a/b')).toEqual(['dev.csv']);
  });

  it('of the Hub’s Parquet conversion are found by its folders', () => {
    const found = conversionSplits(['default/train/0000.parquet', 'default/partial-test/0000.parquet', 'x.json']);
    expect(Object.fromEntries(found.splits)).toEqual({
      train: ['default/train/0000.parquet'],
      test: ['default/partial-test/0000.parquet'],
    });
  });
});
