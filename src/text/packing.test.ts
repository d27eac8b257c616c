import { describe, expect, test } from 'vitest';
import { groupInput, PACKED_INPUTS } from './packed-names.js';
import { packTexts, type PackedBatch } from './packing.js';

const HEADS = 2;
const text = (length: number, first = 1): Int32Array => Int32Array.from({ length }, (_, i) => first + i);
const feed = (batch: PackedBatch, name: string): number[] => [...batch.feeds.get(name)!.data];
const options = { heads: HEADS, pooling: 'mean' } as const;

/** Row of the packed product that a slot names, for all slots of a part laid end to end. */
function slots(batch: PackedBatch, name: 'query' | 'key' | 'value' | 'head'): number[] {
  return batch.groups.flatMap((_, group) => feed(batch, groupInput(name, group)));
}

describe('packTexts', () => {
  test('lays tokens end to end and ends with a pad token when a group pads', () => {
    const batch = packTexts([text(3, 10), text(2, 20)], { ...options, groupCount: 1 });
    expect(feed(batch, PACKED_INPUTS.inputIds)).toEqual([10, 11, 12, 20, 21, 0]);
    expect(feed(batch, PACKED_INPUTS.positionIds)).toEqual([0, 1, 2, 0, 1, 0]);
    expect(batch.rows).toBe(6);
  });

  test('has no pad token when every group is of one length', () => {
    const batch = packTexts([text(3), text(2), text(3)], { ...options, groupCount: 2 });
    expect(batch.groups.map(({ texts, places }) => [texts, places])).toEqual([
      [[1], 2],
      [[0, 2], 3],
    ]);
    expect(batch.rows).toBe(8);
  });

  test.each([1, 2, 3, 8])('leads every row to a slot and back, in %i groups', (groupCount) => {
    const batch = packTexts([text(3), text(7), text(1), text(4), text(4)], { ...options, groupCount });
    const qkv = [...slots(batch, 'query'), ...slots(batch, 'key'), ...slots(batch, 'value')];
    feed(batch, PACKED_INPUTS.qkvInverse).forEach((slot, row) => expect(qkv[slot]).toBe(row));
    const heads = slots(batch, 'head');
    feed(batch, PACKED_INPUTS.headInverse).forEach((slot, row) => expect(heads[slot]).toBe(row));
  });

  test('names query, key and value of the same token and head at the same slot', () => {
    const batch = packTexts([text(3), text(2)], { ...options, groupCount: 1 });
    const [query, key, value, head] = (['query', 'key', 'value', 'head'] as const).map((name) => slots(batch, name));
    query!.forEach((row, slot) => {
      const [token, column] = [Math.floor(row / (3 * HEADS)), row % (3 * HEADS)];
      expect(column).toBeLessThan(HEADS);
      expect(key![slot]).toBe(row + HEADS);
      expect(value![slot]).toBe(row + 2 * HEADS);
      expect(head![slot]).toBe(token * HEADS + column);
    });
  });

  test('has as many groups for few texts, those without any in a place that nothing leads back to', () => {
    const batch = packTexts([text(3), text(2)], { ...options, groupCount: 4 });
    expect(batch.groups.map(({ texts }) => texts)).toEqual([[1], [0], [], []]);
    expect(batch.rows).toBe(5);
    expect(batch.feeds.get(groupInput('query', 3))).toEqual({ data: new Int32Array(HEADS), dims: [1, HEADS, 1] });
    expect(feed(batch, groupInput('lengths', 3))).toEqual([0]);
    const own = 5 * HEADS;
    expect(Math.max(...feed(batch, PACKED_INPUTS.headInverse))).toBe(own - 1);
    // Each part's slots end with those of the two empty groups.
    const slotsOfPart = own + 2 * HEADS;
    for (const slot of feed(batch, PACKED_INPUTS.qkvInverse)) expect(slot % slotsOfPart).toBeLessThan(own);
  });

  test('tells the lengths of a group in the order of its texts', () => {
    const batch = packTexts([text(3), text(1)], { ...options, groupCount: 1 });
    expect(feed(batch, groupInput('lengths', 0))).toEqual([1, 3]);
  });

  test('weighs tokens for the mean, and the first alone for CLS', () => {
    const texts = [text(2), text(4)];
    expect(feed(packTexts(texts, { ...options, groupCount: 2 }), PACKED_INPUTS.pooling)).toEqual([
      0.5, 0.5, 0, 0, 0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25,
    ]);
    expect(feed(packTexts(texts, { ...options, groupCount: 1, pooling: 'cls' }), PACKED_INPUTS.pooling)).toEqual([
      1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
    ]);
  });

  test('refuses an empty text and an empty batch', () => {
    expect(() => packTexts([text(2), text(0)], options)).toThrow('got 0 tokens at text 1');
    expect(() => packTexts([], options)).toThrow('got none');
  });
});
