import { expect, test } from 'vitest';
import { tokenBatches } from './token-batches.js';

test('texts of like length go together, up to the budgets', () => {
  const batches = tokenBatches([9, 2, 3, 2, 8], { tokens: 10, texts: 2 });
  expect(batches).toEqual([[1, 3], [2], [4], [0]]);
});

test('without a limit of texts, tokens alone decide', () => {
  expect(tokenBatches([1, 1, 1, 1, 3], { tokens: 4 })).toEqual([[0, 1, 2, 3], [4]]);
});

test('a text longer than the budget is a batch of its own', () => {
  expect(tokenBatches([50, 1], { tokens: 10, texts: 8 })).toEqual([[1], [0]]);
});

test('no texts make no batches', () => {
  expect(tokenBatches([], { tokens: 10, texts: 8 })).toEqual([]);
});
