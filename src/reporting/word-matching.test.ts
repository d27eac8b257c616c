import { describe, expect, it } from 'vitest';
import type { RetrievalSet } from '../dataset/retrieval-set.js';
import { wordMatching } from './word-matching.js';

/** `count` questions, every other one of a word that its document holds; and one without a document. */
function testSet(count: number): RetrievalSet {
  const entries = Array.from({ length: count }, (_, i) => i);
  return {
    queries: Object.fromEntries([
      ...entries.map((i) => [`q${i}`, i % 2 ? `word${i}` : `other${i}`]),
      ['bare', 'word1'],
    ]),
    corpus: Object.fromEntries(entries.map((i) => [`d${i}`, `word${i} and more`])),
    relevant_docs: Object.fromEntries(entries.map((i) => [`q${i}`, [`d${i}`]])),
    mode: 'text',
  };
}

describe('wordMatching', () => {
  it('takes all judged questions while they are few', async () => {
    const { bm25, bm25Questions } = await wordMatching(testSet(20), { topK: 5 });
    expect(bm25!['mrr@10']).toBe(0.5);
    expect(bm25Questions).toBeUndefined();
  });

  it('takes a sample that is always the same when questions × documents are too many', async () => {
    const limits = { comparisons: 400 * 100, characters: 1e9 };
    const found = await wordMatching(testSet(400), { topK: 5, limits });
    expect(found.bm25Questions).toBe(100);
    expect(found.bm25!['mrr@10']).toBeGreaterThan(0.35);
    expect(found.bm25!['mrr@10']).toBeLessThan(0.65);
    expect(await wordMatching(testSet(400), { topK: 5, limits })).toEqual(found);
  });

  it('gives none when the documents are too large', async () => {
    expect(await wordMatching(testSet(20), { topK: 5, limits: { comparisons: 1e9, characters: 100 } })).toEqual({
      bm25: null,
    });
  });

  it('says how far it is', async () => {
    const notes: string[] = [];
    await wordMatching(testSet(200), { topK: 5, onProgress: (note) => notes.push(note) });
    expect(notes).toContain('word matching, 128 of 200 questions');
  });
});
