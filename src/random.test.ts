import { describe, expect, it } from 'vitest';
import { permutation, randomStream, streamFrom } from './random.js';

describe('randomStream', () => {
  it('gives numbers that stand for the algorithm, so that a change of it is seen', () => {
    const random = randomStream(42, 1);
    expect([random.next(), random.next(), random.next()]).toMatchInlineSnapshot(`
      [
        1653684226,
        527674630,
        1350696373,
      ]
    `);
  });

  it('draws each number below the limit about as often', () => {
    const random = randomStream(7);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('gives fractions in [0, 1) of the same bits', () => {
    const [bits, fractions] = [randomStream(3), randomStream(3)];
    for (let i = 0; i < 1000; i++) expect(fractions.fraction()).toBe(bits.next() / 2 ** 32);
  });
});

describe('streamFrom', () => {
  it('follows the reference program from the state 1, 2, 3, 4, and never stands still at zero', () => {
    const random = streamFrom(Uint32Array.of(1, 2, 3, 4));
    expect([random.next(), random.next(), random.next(), random.next()]).toEqual([11520, 0, 5927040, 70819200]);
    const zero = streamFrom(new Uint32Array(4));
    expect(Array.from({ length: 9 }, () => zero.next()).some((word) => word !== 0)).toBe(true);
  });
});

describe('permutation', () => {
  it('holds every number once', () => {
    const order = permutation(1000, randomStream(1));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect([...order]).not.toEqual([...order].sort((a, b) => a - b));
  });
});
