import { describe, expect, it } from 'vitest';
import { histogramOf } from './histogram.js';

describe('histogramOf', () => {
  it('counts every value once, between limits that enclose it', () => {
    const values = Float32Array.of(0, 0, -1, 0.5, 2, 1e-20, -3e5);
    const { limits, counts, ...facts } = histogramOf([values.subarray(0, 3), values.subarray(3)]);
    expect(facts).toMatchObject({ min: -3e5, max: 2, count: 7 });
    expect(facts.sum).toBeCloseTo(-3e5 + 1.5, 3);
    expect(counts.reduce((a, b) => a + b)).toBe(7);
    for (const value of values) {
      const bucket = limits.findIndex((limit) => value <= limit);
      expect(counts[bucket]).toBeGreaterThan(0);
    }
    expect([...limits].sort((a, b) => a - b)).toEqual(limits);
    expect(limits).toHaveLength(counts.length);
  });

  it('puts a value of any size into the first bucket whose limit it does not exceed', () => {
    const bits = Uint32Array.from({ length: 20_000 }, (_, at) => Math.imul(at, 0x9e3779b1));
    const values = [...new Float32Array(bits.buffer), 1e-12, 1.1e-12, -1e-12, -1.1e-12].filter(Number.isFinite);
    const all = histogramOf([Float32Array.from(values)]).limits;
    const expected = new Map<number, number>();
    for (const value of new Float32Array(values)) {
      const limit = all.find((each) => value <= each)!;
      expected.set(limit, (expected.get(limit) ?? 0) + 1);
    }
    const { limits, counts } = histogramOf([Float32Array.from(values)]);
    const found = limits.flatMap((limit, at) => (counts[at]! > 0 ? [[limit, counts[at]!] as const] : []));
    expect(new Map(found)).toEqual(expected);
  });

  it('scales values, and has zeros for no values at all', () => {
    expect(histogramOf([Float32Array.of(1, 3)], 0.5)).toMatchObject({ min: 0.5, max: 1.5, sum: 2, sumOfSquares: 2.5 });
    expect(histogramOf([])).toEqual({ min: 0, max: 0, count: 0, sum: 0, sumOfSquares: 0, limits: [], counts: [] });
  });
});
