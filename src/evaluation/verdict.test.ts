import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { compareEvaluations, pairedBootstrap } from './verdict.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('pairedBootstrap', () => {
  it('calls a steady gain improved and a steady loss worse', async () => {
    const before = range(40).map((i) => (i % 4) / 8);
    const after = before.map((value, i) => value + 0.1 + (i % 3) / 100);
    const gain = await pairedBootstrap({ before, after, clusters: range(40) });
    expect(gain.verdict).toBe('improved');
    expect(gain.difference).toBeCloseTo(0.11, 2);
    expect(gain.interval[0]).toBeGreaterThan(0.1);
    expect(gain.interval[1]).toBeLessThan(0.12);
    expect(await pairedBootstrap({ before: after, after: before, clusters: range(40) })).toMatchObject({
      verdict: 'worse',
      interval: [-gain.interval[1], -gain.interval[0]].map((bound) => expect.closeTo(bound, 2) as number),
    });
  });

  it('calls no change at all unclear, with an interval of zero', async () => {
    const scores = range(20).map((i) => i / 20);
    expect(await pairedBootstrap({ before: scores, after: scores, clusters: range(20) })).toEqual({
      verdict: 'unclear',
      metric: 'ndcg@10',
      difference: 0,
      interval: [0, 0],
      resamples: 10_000,
    });
  });

  it('has about the interval of the normal approximation on many answers', async () => {
    const random = randomStream(5);
    const after = range(2000).map(() => random.fraction() - 0.45);
    const mean = after.reduce((sum, x) => sum + x, 0) / 2000;
    const deviation = Math.sqrt(after.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2000);
    const { interval } = await pairedBootstrap({ before: range(2000).map(() => 0), after, clusters: range(2000) });
    expect(interval[0]).toBeCloseTo(mean - (1.96 * deviation) / Math.sqrt(2000), 2);
    expect(interval[1]).toBeCloseTo(mean + (1.96 * deviation) / Math.sqrt(2000), 2);
  });

  it('is less sure when the questions hang together: 100 questions of 10 answers are no 100 proofs', async () => {
    const random = randomStream(9);
    const byAnswer = range(10).map(() => random.fraction() - 0.35);
    const after = range(100).map((i) => byAnswer[i % 10]!);
    const before = range(100).map(() => 0);
    const alone = await pairedBootstrap({ before, after, clusters: range(100) });
    const together = await pairedBootstrap({ before, after, clusters: range(100).map((i) => i % 10) });
    const width = ({ interval: [low, high] }: { interval: [number, number] }): number => high - low;
    expect(width(together)).toBeGreaterThan(2 * width(alone));
    expect(together.difference).toBe(alone.difference);
  });

  it('weighs answers by their questions: the same gain on every question has an interval of width 0', async () => {
    const clusters = range(50).map((i) => Math.floor(Math.sqrt(i)));
    const { interval } = await pairedBootstrap({
      before: range(50).map(() => 0.25),
      after: range(50).map(() => 0.75),
      clusters,
    });
    expect(interval).toEqual([0.5, 0.5]);
  });

  it('decides nothing on fewer than 6 answers, however large the gain', async () => {
    const verdictOf = async (answers: number): Promise<string> => {
      const clusters = range(60).map((i) => i % answers);
      return (await pairedBootstrap({ before: range(60).map(() => 0), after: range(60).map(() => 1), clusters }))
        .verdict;
    };
    expect(await Promise.all([1, 5, 6].map(verdictOf))).toEqual(['unclear', 'unclear', 'improved']);
  });

  it('is the same for the same seed and another for another', async () => {
    const random = randomStream(3);
    const draws = (): number[] => range(30).map(() => random.fraction());
    const input = { before: draws(), after: draws(), clusters: range(30) };
    expect(await pairedBootstrap(input)).toEqual(await pairedBootstrap(input));
    const other = await pairedBootstrap({ ...input, seed: 1 });
    expect(other.interval).not.toEqual((await pairedBootstrap(input)).interval);
  });

  it('reports and lets other work run while it draws for many answers, and draws the same', async () => {
    const random = randomStream(17);
    const draws = (): number[] => range(4000).map(() => random.fraction());
    const input = { before: draws(), after: draws(), clusters: range(4000).map((i) => i >> 1) };
    const reports: number[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const verdict = await pairedBootstrap(input, { onProgress: (done) => reports.push(done) });
    clearInterval(timer);
    expect(reports).toEqual([2000, 4000, 6000, 8000]);
    expect(turns).toBeGreaterThanOrEqual(2);
    expect(verdict).toMatchObject({
      difference: 0.001663424208178185,
      interval: [-0.010943869450889179, 0.014361982343837735],
    });
  });

  it('covers the true difference about 95 times in 100', async () => {
    const random = randomStream(11);
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const after = range(60).map(() => random.fraction() - 0.5);
      const { interval } = await pairedBootstrap({
        before: range(60).map(() => 0),
        after,
        clusters: range(60),
        resamples: 400,
        seed: trial,
      });
      if (interval[0] <= 0 && interval[1] >= 0) covered++;
    }
    expect(covered).toBeGreaterThan(180);
    expect(covered).toBeLessThan(199);
  });

  it('refuses lists that do not match', async () => {
    await expect(pairedBootstrap({ before: [1], after: [1, 2], clusters: [0] })).rejects.toThrow(/got 1, 2 and 1/);
  });
});

describe('compareEvaluations', () => {
  it('refuses evaluations of other questions', async () => {
    const details = (query: number) => ({
      metrics: {},
      queries: [{ query, answer: 0, right: 0, ndcg: 1, rank: 1, trueScore: 1, falseScore: 0, top: [] }],
      scores: { width: 0.01, true: [], false: [], bestFalse: [], trueMean: 0, falseMean: 0, bestFalseMean: 0 },
    });
    await expect(compareEvaluations(details(0), details(1))).rejects.toThrow(/the same questions are needed/);
  });
});
