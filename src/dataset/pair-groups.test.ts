import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { KeyTable } from './key-table.js';
import { PairGroups } from './pair-groups.js';

describe('the numbers of texts', () => {
  it('are those of a Map, also in a full table', () => {
    const table = new KeyTable(3000);
    const map = new Map<string, number>();
    for (let index = 0; index < 9000; index++) {
      const text = `text ${(index * 7919) % 3000}`;
      if (!map.has(text)) map.set(text, map.size);
      expect(table.add(text)).toBe(map.get(text));
    }
    expect(table.size).toBe(3000);
    expect(table.find('text 2999')).toBe(map.get('text 2999'));
    expect(table.find('text 3000')).toBeUndefined();
    expect(() => table.add('one more')).toThrow(/at most 3000 texts were announced/);
  });
});

/** Groups by walking the graph. */
function groupsByWalking(pairs: readonly (readonly [string, string])[]): Map<string, Set<string>> {
  const groupOf = new Map<string, Set<string>>();
  for (const [, start] of pairs) {
    if (groupOf.has(start)) continue;
    const group = new Set([start]);
    for (let before = 0; before !== group.size;) {
      before = group.size;
      const asked = new Set(pairs.filter(([, answer]) => group.has(answer)).map(([question]) => question));
      for (const [question, answer] of pairs) if (asked.has(question)) group.add(answer);
    }
    for (const answer of group) groupOf.set(answer, group);
  }
  return groupOf;
}

describe('groups of pairs', () => {
  it('are the connected components, under the same key in whatever order the pairs come', () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = randomStream(seed);
      const pairs = Array.from({ length: 60 }, () => [`q${random.below(40)}`, `a${random.below(50)}`] as const);
      const expected = groupsByWalking(pairs);
      const keys = [pairs, [...pairs].reverse()].map((list) => {
        const groups = new PairGroups(list.length);
        const numbers = new Map<string, number>();
        for (const [question, answer] of list) numbers.set(answer, groups.add(question, answer));
        const names = new Map([...numbers].map(([answer, number]) => [number, answer]));
        for (const [question, answer] of list) {
          expect(groups.keyOf(groups.answerTo(question)!)).toBe(groups.keyOf(numbers.get(answer)!));
        }
        return new Map([...numbers].map(([answer, number]) => [answer, names.get(groups.keyOf(number))!]));
      });
      expect(new Map([...keys[1]!].sort())).toEqual(new Map([...keys[0]!].sort()));
      for (const [answer, group] of expected) {
        expect(
          [...keys[0]!]
            .filter(([, key]) => key === keys[0]!.get(answer))
            .map(([name]) => name)
            .sort(),
          `seed ${seed}`,
        ).toEqual([...group].sort());
      }
    }
  });

  it('are taken whole when their key is drawn, but for linked ones above the share and the average', () => {
    const groups = new PairGroups(40);
    const answers = ['a', 'b', 'c'].map((answer) => groups.add('linked', answer));
    for (let index = 0; index < 7; index++) groups.add(`q${index}`, 'alone');
    for (let index = 0; index < 4; index++) groups.add(`r${index}`, `r${index}`);
    const all = new Uint8Array(groups.answerCount).fill(1);
    const taken = (ratio: number, drawn = all): { parts: Uint8Array; pairs: number; total: number } => {
      const parts = new Uint8Array(groups.answerCount);
      return { parts, ...groups.take(2, ratio, parts, drawn) };
    };
    // 3 of 14 pairs hang on one question; 7 on one answer, which is no reason to stay.
    expect(taken(0.2)).toMatchObject({ pairs: 3, total: 14, parts: new Uint8Array([0, 0, 0, 2, 2, 2, 2, 2]) });
    expect(taken(0.3)).toMatchObject({ pairs: 0, total: 14, parts: all.map(() => 2) });
    const key = groups.keyOf(answers[0]!);
    const others = all.map((_, answer) => (answer === key || answer > 2 ? 0 : 1));
    expect(taken(0.3, others).parts).toEqual(all.map(() => 0));
    expect(
      taken(
        0.3,
        others.map((_, answer) => (answer === key ? 1 : 0)),
      ).parts.subarray(0, 4),
    ).toEqual(new Uint8Array([2, 2, 2, 0]));
  });
});
