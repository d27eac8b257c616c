import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { contentId, drawsOf, hashFraction, normalise, spaced } from './content-hash.js';

describe('content', () => {
  it('counts as the same whatever its case, width and white space', () => {
    expect(normalise('  The\u00a0ﬁrst\n\tLAW ')).toBe('the first law');
    expect(normalise('a, b')).not.toBe(normalise('a b'));
  });

  it('is spaced evenly, whatever white space is in it', () => {
    const pieces = [' ', '  ', 'a', 'É', '\n', '\t', '\u00a0', '\u2028', '\ufeff', '\u3000', ''];
    const random = randomStream(1);
    for (let count = 0; count < 5000; count++) {
      const text = Array.from({ length: 6 }, () => pieces[random.below(pieces.length)]).join('');
      expect(spaced(text), JSON.stringify(text)).toBe(text.replace(/\s+/gu, ' ').trim());
    }
  });

  it('has ids that look like uuids and differ by kind', () => {
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(contentId('query', 'x')).toMatch(uuid);
    expect(contentId('query', 'x')).toBe(contentId('query', 'x'));
    expect(contentId('query', 'x')).not.toBe(contentId('document', 'x'));
  });

  it('has fractions that are spread evenly', () => {
    const below = [...Array(10_000).keys()].filter((index) => hashFraction(`42\n${index}`) < 0.2).length;
    expect(below).toBeGreaterThan(1850);
    expect(below).toBeLessThan(2150);
  });

  it('gives draws that repeat themselves and reach every place', () => {
    const take = (seed: string): number[] => {
      const draws = drawsOf(seed);
      draws.next(0);
      return [...Array(200)].map(() => draws.next(5).value);
    };
    expect(take('a')).toEqual(take('a'));
    expect(take('a')).not.toEqual(take('b'));
    expect(new Set(take('a'))).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});
