import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bm25Metrics, words } from './bm25.js';

describe('bm25Metrics', () => {
  it('prefers the rarer word and the shorter document', async () => {
    const metrics = await bm25Metrics({
      documents: ['the cat', 'the dog and the cat and the mouse', 'the dog', 'the the the'],
      queries: ['the dog', 'cat'],
      relevant: [[2], [0]],
    });
    expect(metrics['mrr@10']).toBe(1);
  });
  it('breaks ties by document index and retrieves nothing without a shared word', async () => {
    const metrics = await bm25Metrics({ documents: ['a b', 'a b'], queries: ['a', 'z'], relevant: [[1], [0]] });
    expect(metrics).toMatchObject({ 'mrr@10': 0.25, 'accuracy@1': 0 });
  });
  it('leaves out questions without a relevant document', async () => {
    const metrics = await bm25Metrics({ documents: ['a', 'b'], queries: ['a', 'b'], relevant: [[0], []] });
    expect(metrics['accuracy@1']).toBe(1);
  });
  it('splits words of any script, in lower case, with their accents', () => {
    expect(words('Größe: 3.5 кВт, naïve_x—ok')).toEqual(['größe', '3', '5', 'квт', 'naïve_x', 'ok']);
  });
});

const path = new URL('../../../shared/data/lyft-uber/val_dataset.json', import.meta.url);
describe.skipIf(!existsSync(path))('BM25 on the Uber questions (needs ../shared/data/lyft-uber)', () => {
  it('reaches NDCG@10 0.810 and MRR@10 0.771', async () => {
    const { queries, corpus, relevant_docs } = JSON.parse(readFileSync(path, 'utf8')) as {
      queries: Record<string, string>;
      corpus: Record<string, string>;
      relevant_docs: Record<string, string[]>;
    };
    const index = new Map(Object.keys(corpus).map((id, i) => [id, i]));
    const metrics = await bm25Metrics({
      queries: Object.values(queries),
      documents: Object.values(corpus),
      relevant: Object.keys(queries).map((id) => relevant_docs[id]!.map((document) => index.get(document)!)),
    });
    expect(metrics['ndcg@10']).toBeCloseTo(0.81, 3);
    expect(metrics['mrr@10']).toBeCloseTo(0.771, 3);
  });
});
