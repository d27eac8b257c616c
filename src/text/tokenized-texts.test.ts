import { describe, expect, it } from 'vitest';
import { decodeTexts, encodeTexts, joinTexts, packRows, textAt, textCount } from './tokenized-texts.js';

describe('tokenized texts', () => {
  it('keep rows of any length, also empty ones and none', () => {
    const texts = packRows([[5, 6], [], [7]]);
    expect(textCount(texts)).toBe(3);
    expect([0, 1, 2].map((i) => [...textAt(texts, i)])).toEqual([[5, 6], [], [7]]);
    expect(textCount(packRows([]))).toBe(0);
  });

  it('are joined block by block', () => {
    expect(joinTexts([packRows([[1], [2, 3]]), packRows([]), packRows([[4]])])).toEqual(packRows([[1], [2, 3], [4]]));
  });

  it('come back from their binary form, also when its bytes stand at an odd place', () => {
    const texts = packRows([[1, -2], [], [2 ** 31 - 1]]);
    const bytes = encodeTexts(texts);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeTexts(bytes)).toEqual(texts);
    expect(decodeTexts(shifted.subarray(1))).toEqual(texts);
  });

  it('refuse bytes that are cut short, of another kind or another version', () => {
    const bytes = encodeTexts(packRows([[1, 2]]));
    expect(() => decodeTexts(bytes.subarray(0, bytes.length - 1))).toThrow(/take 36 bytes, got 35/);
    expect(() => decodeTexts(new Uint8Array(3))).toThrow(/TFRAGGED/);
    bytes[8] = 9;
    expect(() => decodeTexts(bytes)).toThrow(/version 1/);
  });
});
