import { describe, expect, it } from 'vitest';
import { reportData } from '../../test/support/report-data.js';
import { metricCharts } from './metric-charts.js';

type Kind = 'true' | 'bestFalse' | 'false';
const COLOURS: Record<Kind, string> = { true: 'after', bestFalse: 'third', false: 'bad' };

/** Counts over the 200 bins of [-1, 1]: this many pairs in each bin of [from, to). */
const spread = (from: number, to: number, pairs: number): number[] =>
  Array.from({ length: 200 }, (_, bin) => (bin >= from && bin < to ? pairs : 0));

/** The shares of each kind as they are drawn; one share must be 0 and one 1, so that the axis can be read off the pixels. */
async function drawn(counts: Record<Kind, number[]>): Promise<Record<Kind, number[]>> {
  const scores = { width: 0.01, ...counts, trueMean: 0, falseMean: 0, bestFalseMean: 0 };
  const { markup } = await metricCharts(reportData({ scores: { before: scores, after: scores } }));
  const paths = markup.slice(markup.indexOf('id="scores-after-title"')).match(/<path [^>]*>/g)!;
  const pixels = (kind: Kind): number[] => {
    const line = paths.find((path) => path.includes(`stroke="var(--${COLOURS[kind]})" stroke-width="2"`))!;
    const points = / d="M([^"]*)"/.exec(line)![1]!.split('C');
    return points.map((point) => Number(point.split(',').at(-1)));
  };
  const lines = { true: pixels('true'), bestFalse: pixels('bestFalse'), false: pixels('false') };
  const floor = Math.max(...Object.values(lines).flat());
  const shares = (line: number[]): number[] => line.map((y) => (floor - y) / floor);
  return { true: shares(lines.true), bestFalse: shares(lines.bestFalse), false: shares(lines.false) };
}

describe('the charts of the scores', () => {
  it.each([
    ['0 to 1', 100, 600],
    ['0.2 to 1, few pairs', 120, 150],
    ['0.3 to 1', 130, 600],
    ['-1 to 1, few pairs', 0, 3],
  ])('draw every pair, also those of the highest cosines: %s', async (_, from, pairs) => {
    const counts = { true: spread(199, 200, pairs), bestFalse: spread(150, 180, pairs), false: spread(from, 199, 100) };
    for (const shares of Object.values(await drawn(counts)))
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 2);
  });

  it('draw kinds with few and with many pairs alike, so that their heights can be compared', async () => {
    const counts = { true: spread(150, 190, 3), bestFalse: spread(150, 190, 300), false: spread(110, 112, 1000) };
    const shares = await drawn(counts);
    expect(shares.true).toEqual(shares.bestFalse);
  });
});
