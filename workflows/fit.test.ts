import { describe, expect, it } from 'vitest';
import { fitBytes, joinParts } from './fit.js';

const bytes = (text: string): number => Buffer.byteLength(text);

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

describe('joinParts', () => {
  it('keeps a page of any script under twenty kilobytes, and leaves out empty parts', () => {
    expect(joinParts(['a', '', 'b'])).toBe('a\n\nb');
    expect(bytes(joinParts(['漢'.repeat(18_000)]))).toBeLessThanOrEqual(19_000);
  });
});
