import { describe, expect, test } from 'vitest';
import { lengthGroups } from './length-groups.js';

/** The stated cost of a division. */
function cost(groups: readonly number[][], lengths: readonly number[]): number {
  return groups.reduce((total, group) => {
    const tokens = group.reduce((sum, text) => sum + lengths[text]!, 0);
    const longest = Math.max(...group.map((text) => lengths[text]!));
    return total + tokens ** 2 + 8 * group.length * longest ** 2;
  }, 0);
}

/** All divisions of the sorted texts into neighbouring groups. */
function allDivisions(order: readonly number[], groups: number): number[][][] {
  if (groups === 1) return [[[...order]]];
  return Array.from({ length: order.length - groups + 1 }, (_, at) => at + 1).flatMap((first) =>
    allDivisions(order.slice(first), groups - 1).map((rest) => [order.slice(0, first), ...rest]),
  );
}

describe('lengthGroups', () => {
  test('finds the cheapest of all divisions', () => {
    const lengths = [7, 30, 9, 8, 31, 100, 9, 40, 7];
    const order = lengths.map((_, text) => text).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
    for (const groupCount of [1, 2, 3, 4, 9]) {
      const best = Math.min(...allDivisions(order, groupCount).map((division) => cost(division, lengths)));
      expect(cost(lengthGroups(lengths, groupCount), lengths), `${groupCount} groups`).toBe(best);
    }
  });

  test('holds every text once, shortest first', () => {
    const lengths = [5, 3, 9, 9, 1, 4];
    const groups = lengthGroups(lengths, 3);
    expect(groups.flat().map((text) => lengths[text])).toEqual([1, 3, 4, 5, 9, 9]);
    expect(groups.flat().sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('makes no more groups than there are texts', () => {
    expect(lengthGroups([4, 2], 8)).toEqual([[1], [0]]);
  });

  test('keeps texts of one length in their order', () => {
    expect(lengthGroups([6, 6, 6], 1)).toEqual([[0, 1, 2]]);
  });
});
