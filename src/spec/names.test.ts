import { describe, expect, it } from 'vitest';
import { baseName, datasetName, outputName } from './names.js';
import { parseSpec } from './parse.js';

const nameOf = (dataset: unknown): string => datasetName(parseSpec({ model: 'm', dataset }).dataset);

describe('a short name', () => {
  it('is the last part of a path or Hub id, without its ending, kept to plain letters', () => {
    expect(baseName('BAAI/bge-small-en-v1.5')).toBe('bge-small-en-v1.5');
    expect(baseName('./a/elements pairs.jsonl')).toBe('elements-pairs');
    expect(baseName('C:\\data\\2024.csv')).toBe('2024');
    expect(baseName('pairs.jsonl.gz')).toBe('pairs.jsonl.gz');
    expect(baseName('Kündigung.csv')).toBe('K-ndigung');
    for (const nothing of ['.', '/', '..', '___.csv']) expect(baseName(nothing)).toBe('unnamed');
  });

  it('of other scripts is a hash, another one for another name', () => {
    const names = ['質問.jsonl', 'Вопросы.csv', '回答.jsonl.gz', '質問2.jsonl', '回答2.jsonl', '../データ/'].map(
      baseName,
    );
    for (const name of names) expect(name).toMatch(/^data-[0-9a-f]{8}$/);
    expect(new Set(names).size).toBe(names.length);
    // FNV-1a of the two code units 0x8cea 0x554f; it names what is published, so it may not change.
    expect(baseName('質問.jsonl')).toBe('data-268a3336');
    // Whatever the ending, and in both forms in which file systems write a name.
    expect(baseName('質問')).toBe(baseName('質問.csv'));
    expect(baseName('\u304c.csv')).toBe(baseName('\u304b\u3099.csv'));
  });

  it('of a file that is only called train is its folder’s, in any script', () => {
    expect(nameOf('physics/train.jsonl')).toBe('physics');
    expect(nameOf('質問/train.jsonl')).toBe(baseName('質問'));
    expect(nameOf('./train.jsonl')).toBe('train');
    const spec = parseSpec({ model: 'a/bge', dataset: '質問/train.jsonl' });
    expect(outputName(spec)).toBe(`${baseName('質問')}-bge`);
  });
});
