// Long text cut to a length, and to bytes.
import { describe, expect, it } from 'vitest';
import { fitBytes, shorten } from './shorten.js';

const bytes = (text: string): number => Buffer.byteLength(text);

describe('shorten', () => {
  it('leaves a text alone that fits, and ends a longer one with an ellipsis within the length', () => {
    expect(shorten('four', 4)).toBe('four');
    expect(shorten('fives', 4)).toBe('fiv…');
  });

  it('leaves no half of a character', () => {
    expect(shorten('ab🦉cd', 4)).toBe('ab…');
    expect(shorten('ab🦉cd', 5)).toBe('ab🦉…');
  });
});

describe('fitBytes', () => {
  it('leaves a text as it is that fits, to the last byte', () => {
    for (const text of ['', 'abc', 'äöü', '漢字', '🙂🙂']) expect(fitBytes(text, bytes(text))).toBe(text);
  });

  it('cuts by bytes, between characters, with an ellipsis', () => {
    expect(fitBytes('abcdefgh', 7)).toBe('abcd…');
    expect(fitBytes('漢字漢字', 9)).toBe('漢字…');
    expect(fitBytes('🙂🙂🙂', 8)).toBe('🙂…');
    for (let limit = 3; limit < 40; limit++)
      expect(bytes(fitBytes('aä漢🙂'.repeat(9), limit))).toBeLessThanOrEqual(limit);
  });
});
