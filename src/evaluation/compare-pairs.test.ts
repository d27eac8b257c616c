import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { remember } from '../artifacts/artifact.js';
import type { ArtifactRef } from '../spec/stages.js';
import { comparePairs } from './compare-pairs.js';
import { DETAILS_BLOB } from './details.js';

let context: TestContext;
beforeAll(async () => {
  context = await makeTestContext();
});
afterAll(() => context.remove());

/** An evaluation of questions with an answer each, all of one NDCG. */
async function evaluation(questions: number, ndcg: number): Promise<ArtifactRef> {
  const { store } = context;
  const queries = Array.from({ length: questions }, (_, query) => ({ query, answer: query, ndcg }));
  const blob = await store.putBytes(Buffer.from(JSON.stringify({ queries })));
  const make = () => Promise.resolve({ blobs: { [DETAILS_BLOB]: blob }, facts: {} });
  const { kind, key } = await remember({ store, kind: 'evaluation', version: 1, inputs: { questions, ndcg }, make });
  return { kind, key };
}

describe('comparePairs', () => {
  it('reports before every pair and while it draws for a large one, so that a sweep of many trials is not taken for hung', async () => {
    const before = await evaluation(1000, 0.25);
    const pairs = [
      { before, after: await evaluation(1000, 0.5) },
      { before, after: await evaluation(1000, 0.125) },
    ];
    const { verdicts } = await comparePairs({ pairs }, context);
    expect(verdicts).toEqual([
      { verdict: 'improved', difference: 0.25, interval: [0.25, 0.25] },
      { verdict: 'worse', difference: -0.125, interval: [-0.125, -0.125] },
    ]);
    const done = context.reported.map((report) => report.done);
    expect([done.filter((pair) => pair === 0).length, done.filter((pair) => pair === 1).length]).toEqual([3, 3]);
    expect(context.reported[0]).toMatchObject({ stage: 'evaluate', total: 2 });
  });

  it('stops between two reports when it is asked to', async () => {
    const pair = { before: await evaluation(10, 0.25), after: await evaluation(10, 0.5) };
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(comparePairs({ pairs: [pair] }, { ...context, signal })).rejects.toThrow('stopped');
  });
});
