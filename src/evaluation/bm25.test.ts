import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { permutation, randomStream } from '../random.js';
import { bm25Metrics, words } from './bm25.js';
import { meanMetrics } from './metrics/standard-metrics.js';

/** The metrics of the formula as it stands, every document scored and all of them sorted. */
function bySorting(
  queries: readonly string[],
  documents: readonly string[],
  relevant: readonly number[][],
  topK: number,
) {
  const lists = documents.map(words);
  const meanLength = lists.reduce((sum, list) => sum + list.length, 0) / documents.length;
  const rankings = queries.map((query, at) => {
    const scores = lists.map((list) =>
      words(query).reduce((sum, word) => {
        const containing = lists.filter((other) => other.includes(word)).length;
        const idf = Math.log(1 + (documents.length - containing + 0.5) / (containing + 0.5));
        const frequency = list.filter((other) => other === word).length;
        const norm = 1.2 * (1 - 0.75 + (0.75 * list.length) / meanLength);
        return sum + (idf * frequency * (1.2 + 1)) / (frequency + norm);
      }, 0),
    );
    const order = documents
      .flatMap((_, i) => (scores[i]! > 0 ? [i] : []))
      .sort((x, y) => scores[y]! - scores[x]! || x - y);
    return { hits: order.map((i) => Number(relevant[at]!.includes(i))), relevant: relevant[at]!.length };
  });
  return meanMetrics(rankings, topK);
}

function randomSet(seed: number, questions: number, count: number) {
  const random = randomStream(seed);
  const text = (most: number) => Array.from({ length: 1 + random.below(most) }, () => `w${random.below(4)}`).join(' ');
  return {
    queries: Array.from({ length: questions }, () => text(3)),
    documents: Array.from({ length: count }, () => text(5)),
    relevant: Array.from({ length: questions }, () => [...permutation(count, random).subarray(0, 1 + random.below(9))]),
  };
}

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
  it.each([
    [1, 40, 5],
    [2, 400, 5],
    [3, 400, 150],
    [4, 400, 1000],
  ])(
    'ranks as sorting all scores does, with many equal ones (seed %i, %i documents, topK %i)',
    async (seed, count, topK) => {
      const { queries, documents, relevant } = randomSet(seed, 12, count);
      const metrics = await bm25Metrics({ queries, documents, relevant, topK });
      expect(metrics).toEqual(bySorting(queries, documents, relevant, topK));
    },
  );
  it('reports every few documents and questions, and lets other work run in between, so that it is not taken for hung', async () => {
    const { queries, documents, relevant } = randomSet(5, 200, 1000);
    const reports: number[] = [];
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    await bm25Metrics({ queries, documents, relevant, onProgress: (done) => reports.push(done) });
    running = false;
    expect(reports.filter((done) => done === 0).length).toBeGreaterThanOrEqual(4);
    expect(reports.slice(-3)).toEqual([64, 128, 192]);
    expect(turns).toBeGreaterThanOrEqual(reports.length - 1);
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
