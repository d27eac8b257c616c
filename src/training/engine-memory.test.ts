import { describe, expect, test } from 'vitest';
import { tinyBert } from '../../test/support/tiny-bert.js';
import { estimateMemoryMb } from './engine-memory.js';

/** The shape of all-MiniLM-L6-v2. */
const config = {
  ...tinyBert.config,
  hiddenSize: 384,
  intermediateSize: 1536,
  numHiddenLayers: 6,
  numAttentionHeads: 12,
};
const parameters = 22_565_376;
const mixed = Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 16 : 183));

describe('estimateMemoryMb', () => {
  test('is near the peak that was measured for the shape of MiniLM, without an optimiser', () => {
    // 16 pairs of 3,187 tokens: 1,008 MB without and 1,405 MB with dropout.
    const without = estimateMemoryMb({ config, parameters, lengths: mixed, optimizerCopies: 0 });
    expect(without).toBeGreaterThan(1008 * 0.95);
    expect(without).toBeLessThan(1008 * 1.2);
    const dropout = { hidden: 0.1, attention: 0.1 };
    const withDropout = estimateMemoryMb({ config, parameters, lengths: mixed, optimizerCopies: 0, dropout });
    expect(withDropout).toBeGreaterThan(1405 * 0.9);
    expect(withDropout).toBeLessThan(1405 * 1.2);
  });

  test('grows with tokens, with the square of a length, and with the moments', () => {
    const of = (lengths: number[], optimizerCopies = 2): number =>
      estimateMemoryMb({ config, parameters, lengths, optimizerCopies });
    expect(of([...mixed, ...mixed])).toBeGreaterThan(of(mixed));
    expect(of([512])).toBeGreaterThan(of([128, 128, 128, 128]));
    // Pooling's matrix [texts, tokens] in float32: two texts a pair of short texts are many.
    const short = new Array<number>(2048).fill(10);
    const pooled = estimateMemoryMb({ config, parameters, lengths: short, texts: 4096 });
    expect(pooled - estimateMemoryMb({ config, parameters, lengths: short })).toBeCloseTo(
      (4 * 2048 * 20_480) / 2 ** 20,
    );
    expect(estimateMemoryMb({ config, parameters, lengths: short, texts: 0 })).toBeLessThan(pooled - 300);
    expect(of(mixed, 2) - of(mixed, 0)).toBeCloseTo((2 * 4 * parameters) / 2 ** 20);
  });
});
