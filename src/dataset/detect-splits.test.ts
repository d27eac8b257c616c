import { describe, expect, it } from 'vitest';
import { conversionSplits, detectSplits, filesOfSplit } from './detect-splits.js';

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

  it('are all train when no name tells, as with one zip and its bookkeeping', () => {
    expect(detectSplits(['.gitattributes', 'README.md', 'physics.zip', 'dataset_infos.json'])).toEqual({
      splits: new Map([['train', ['physics.zip']]]),
      named: false,
    });
  });

  it('are made of the most frequent format alone', () => {
    expect(detected('a.jsonl', 'b.jsonl', 'notes.json')).toEqual({ train: ['a.jsonl', 'b.jsonl'] });
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
