import { expect, test } from 'vitest';
import { embeddingBatches } from './embedding-batches.js';

test('texts of like length go together, up to the budgets', () => {
  const batches = embeddingBatches([9, 2, 3, 2, 8], { tokens: 10, texts: 2 });
  expect(batches).toEqual([[1, 3], [2], [4], [0]]);
});

test('a text longer than the budget is a batch of its own', () => {
  expect(embeddingBatches([50, 1], { tokens: 10, texts: 8 })).toEqual([[1], [0]]);
});

test('no texts make no batches', () => {
  expect(embeddingBatches([], { tokens: 10, texts: 8 })).toEqual([]);
});
