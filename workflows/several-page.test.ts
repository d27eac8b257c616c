// The pages of sweeps and chains, and the sizes of their results, at the most that a spec allows.
import { describe, expect, it } from 'vitest';
import type {
  SeveralProgress,
  ShortVerdict,
  StepRow,
  SweepResult,
  ChainResult,
  TrialRow,
} from '../src/spec/comparison.js';
import { MOST_STEPS } from '../src/spec/chain.js';
import { MOST_TRIALS } from '../src/spec/sweep.js';
import { renderChainPage } from './chain-page.js';
import { shortError, shortWarnings } from './several.js';
import { drawLines } from './line-chart.js';
import { renderSweepPage, type TrialState } from './sweep-page.js';

const EVIL = '<img src=x onerror=alert(1)>`\n# [x](javascript:y)';
const progress = (more: Partial<SeveralProgress> = {}): SeveralProgress => ({
  ...{ name: 'swept', stage: 'train', note: 'round 1 of 3: 4 trials to epoch 1 of 4' },
  ...{ epochsDone: 2, epochsPlanned: 8, etaSeconds: 200, paused: false, running: [], warnings: [] },
  ...more,
});
const LONG_WARNINGS = Array.from({ length: 20 }, (_, index) => `${index} ${'w'.repeat(400)}`);
const verdict: ShortVerdict = { verdict: 'unclear', difference: -0.12346, interval: [-0.23457, 0.34568] };
const trial = (number: number, label = `learningRate ${number}`): TrialState => {
  const row: TrialRow = {
    ...{ trial: number, label, outcome: 'stopped', epochs: 60, bestEpoch: 42, validation: 0.123456, before: 0.234567 },
    ...{ after: 0.345678, seconds: 12345.6, verdict },
  };
  return { row, status: 'stopped at 60', curve: Array.from({ length: 60 }, (_, i) => [i + 1, 0.5 + i / 200]) };
};

describe('the page of a sweep', () => {
  it('tells what goes on, draws the validation figures, and lists the leading trial first', () => {
    const [first, second] = [trial(1), trial(2)];
    first.row.validation = 0.5;
    second.row.validation = 0.6;
    const page = renderSweepPage(progress({ running: ['swept-trial-1'] }), { trials: [first, second], epochs: 60 });
    expect(page).toContain('### swept · sweep · round 1 of 3: 4 trials to epoch 1 of 4');
    expect(page).toContain('2 of 8 epochs · about 3 min of training left');
    expect(page.match(/<polyline/g)).toHaveLength(2);
    expect(page.indexOf('\n2 ')).toBeLessThan(page.indexOf('\n1 '));
    expect(page).toContain('under Relationships: swept-trial-1');
  });

  it('fits the narrow column: settings stand in a list, not in the table, and the picture’s title is short', () => {
    const trials = [trial(1, 'learningRate 0.0001, batchSize 64'), trial(2)];
    trials.forEach((one) => (one.status = 'to epoch 100 …'));
    const page = renderSweepPage(progress(), { trials, epochs: 60 });
    for (const line of /```\n([\s\S]*?)```/.exec(page)![1]!.split('\n')) expect(line.length).toBeLessThan(46);
    expect(page).toContain('- Trial 1: learningRate 0.0001, batchSize 64');
    expect(/font-weight="600">([^<]*)</.exec(page)![1]!.length).toBeLessThan(36);
  });

  it('names the best at the end, with verdict, model, report and comparison', () => {
    const place = { model: { path: '/out/model', sha256: 'd'.repeat(64) }, report: '/out/report.html' };
    const page = renderSweepPage(progress({ stage: 'done', report: '/out/comparison.html' }), {
      trials: [trial(1)],
      epochs: 60,
      best: {
        ...{ trial: 1, label: 'learningRate 1', ...place, metrics: { before: {}, after: {} } },
        verdict: { ...verdict, metric: 'ndcg@10', resamples: 10_000 },
      },
    });
    expect(page).toContain('**Best: trial 1, learningRate 1**');
    expect(page).toContain('**Verdict: unclear** (ndcg@10 −0.1235, 95 % interval −0.2346 to +0.3457)');
    for (const shown of ['/out/model', '/out/report.html', '/out/comparison.html', 'd'.repeat(64)])
      expect(page).toContain(shown);
    expect(page).not.toContain('press R');
  });

  it('stays under the server’s limit with as many trials as a sweep may have', () => {
    const trials = Array.from({ length: MOST_TRIALS }, (_, index) => trial(index + 1, 'x'.repeat(72)));
    const warnings = Array.from({ length: 20 }, () => 'w'.repeat(300));
    expect(Buffer.byteLength(renderSweepPage(progress({ warnings }), { trials, epochs: 60 }))).toBeLessThan(20_000);
  });

  it('takes no markup from data', () => {
    const page = renderSweepPage(progress({ name: EVIL, note: EVIL, warnings: [EVIL], running: [EVIL] }), {
      trials: [trial(1, EVIL)],
      epochs: 4,
    });
    const outside = page.replace(/```[\s\S]*?```/g, '');
    expect(outside).not.toContain('<img');
    expect(page.match(/```/g)).toHaveLength(2);
  });
});

describe('the page of a chain', () => {
  it('shows every model on every test part and where the models are', () => {
    const rows: StepRow[] = [
      { step: 1, name: EVIL, model: { path: '/out/one', sha256: 'a' }, verdict, verdictFromBase: verdict },
      { step: 2, name: 'two', error: { type: 'NonFiniteLoss', message: 'it exploded' } },
    ];
    const matrix = [
      [0.5, 0.4],
      [0.8, 0.45],
    ];
    const page = renderChainPage(progress(), { base: EVIL, rows, matrix });
    expect(page).toMatch(/after step 1 +0\.8000 < +0\.4500/);
    expect(page).toContain('−0.1235 unclear by the step; −0.1235 unclear from the base; /out/one');
    expect(page).toContain('failed: NonFiniteLoss');
    expect(page.replace(/```[\s\S]*?```/g, '')).not.toContain('<img');
    expect(page.match(/<polyline/g)).toHaveLength(2);
  });
});

describe('the picture of several lines', () => {
  it('goes no higher than 1, and no name stands on another', () => {
    const points = (end: number) => [[0, 0.7] as const, [2, end] as const];
    const lines = [0.99, 0.985, 0.98].map((end, index) => ({ label: `part ${index}`, points: points(end) }));
    const picture = drawLines({ title: 'NDCG@10', xRange: [0, 2], ends: ['base', 'step 2'], lines });
    const ticks = [...picture.matchAll(/>(\d\.\d+)</g)].map(([, tick]) => Number(tick));
    expect(Math.max(...ticks)).toBe(1);
    const heights = [...picture.matchAll(/y="([\d.]+)"[^>]*>part/g)].map(([, y]) => Number(y)).sort((a, b) => a - b);
    expect(heights).toHaveLength(3);
    heights.slice(1).forEach((y, index) => expect(y - heights[index]!).toBeGreaterThanOrEqual(12));
  });
});

describe('a result', () => {
  it('of the largest sweep is smaller than 16 KB', () => {
    const metrics = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`precision@${i}`, 0.1234567890123456]));
    const result: SweepResult = {
      name: 'n'.repeat(60),
      best: {
        ...{
          trial: 60,
          label: 'x'.repeat(60),
          model: { path: 'p'.repeat(100), sha256: 'd'.repeat(64) },
          report: 'r'.repeat(110),
        },
        metrics: { before: metrics, after: metrics },
        verdict: { ...verdict, metric: 'ndcg@10', resamples: 10_000 },
      },
      trials: Array.from({ length: MOST_TRIALS }, (_, index) => trial(index + 1, 'l'.repeat(72)).row),
      ...{
        rounds: [1, 2, 4, 8, 16, 32, 60],
        report: 'r'.repeat(110),
        warnings: shortWarnings(LONG_WARNINGS),
        inputsSha256: ['f'.repeat(64)],
      },
    };
    expect(JSON.stringify(result).length).toBeLessThan(16_384);
  });

  it('of a sweep of which most trials failed is smaller than 16 KB', () => {
    const error = { type: 'UnsupportedModel', message: 'm'.repeat(300) };
    const rows = Array.from({ length: MOST_TRIALS }, (_, index): TrialRow =>
      shortError({ ...{ trial: index + 1, label: 'l'.repeat(72), outcome: 'failed', epochs: 0 }, error }),
    );
    expect(JSON.stringify(rows).length).toBeLessThan(14_000);
  });

  it('of the longest chain is smaller than 16 KB', () => {
    const result: ChainResult = {
      ...{ name: 'n'.repeat(60), base: 'model', model: { path: 'p'.repeat(100), sha256: 'd'.repeat(64) } },
      steps: Array.from({ length: MOST_STEPS }, (_, index) => ({
        ...{ step: index + 1, name: 'a-dataset', base: 0.123456, before: 0.123456, after: 0.123456, publishedEpoch: 3 },
        ...{ model: { path: 'p'.repeat(80), sha256: 'd'.repeat(64) }, report: 'r'.repeat(90), seconds: 1234.5 },
        ...{ verdict, verdictFromBase: verdict },
      })),
      matrix: Array.from({ length: MOST_STEPS + 1 }, () => Array.from({ length: MOST_STEPS }, () => 0.123456)),
      ...{
        report: 'r'.repeat(110),
        warnings: shortWarnings(LONG_WARNINGS),
        inputsSha256: Array.from({ length: MOST_STEPS }, () => 'f'.repeat(64)),
      },
    };
    expect(JSON.stringify(result).length).toBeLessThan(16_384);
  });
});
