// The pages of sweeps and chains: what stands in them, that data cannot break them, and that they need nothing else.
import { describe, expect, it } from 'vitest';
import type { ChainComparison, ShortVerdict, SweepComparison, TrialRow } from '../spec/comparison.js';
import { renderChain } from './comparison-chain.js';
import { ranked, renderSweep } from './comparison-sweep.js';

const EVIL = '</style><script>alert(1)</script>';
const verdict: ShortVerdict = { verdict: 'improved', difference: 0.1, interval: [0.05, 0.15] };
const trial = (number: number, row: Partial<TrialRow>): TrialRow => ({
  ...{ trial: number, label: `learningRate ${number}`, outcome: 'stopped', epochs: 1 },
  ...row,
});

const sweep: SweepComparison = {
  kind: 'sweep',
  name: 'swept',
  dataset: 'pairs',
  rounds: [1, 2, 4],
  rows: [
    trial(1, { validation: 0.6, before: 0.4, after: 0.55, bestEpoch: 1, seconds: 12 }),
    trial(2, { outcome: 'best', epochs: 4, validation: 0.8, bestEpoch: 3, before: 0.4, after: 0.7, verdict }),
    trial(3, { outcome: 'failed', epochs: 0, label: EVIL, error: { type: 'NonFiniteLoss', message: EVIL } }),
    trial(4, { epochs: 2, validation: 0.5 }),
    trial(5, { validation: 0.65 }),
  ],
  curves: [
    [[1, 0.6]],
    [
      [1, 0.6],
      [2, 0.7],
      [3, 0.8],
      [4, 0.75],
    ],
    [],
    [
      [1, 0.6],
      [2, 0.5],
    ],
    [[1, 0.65]],
  ],
  model: '/home/somebody/out/swept',
  warnings: [EVIL],
};

const chain: ChainComparison = {
  kind: 'chain',
  name: EVIL,
  base: EVIL,
  rows: [
    {
      step: 1,
      name: EVIL,
      base: 0.5,
      before: 0.5,
      after: 0.8,
      verdict,
      verdictFromBase: verdict,
      model: { path: '/home/somebody/out/1', sha256: 'a' },
    },
    { step: 2, name: 'two', base: 0.4, before: 0.45, error: { type: 'NonFiniteLoss', message: 'it exploded' } },
  ],
  matrix: [
    [0.5, 0.4],
    [0.8, 0.45],
  ],
  warnings: [],
};

describe('the page of a sweep', () => {
  it('says who won on the validation part, and lists the best first and the failed last', async () => {
    const page = await renderSweep(sweep);
    expect(page).toContain(
      'Trial 2 (learningRate 2) is best on the validation part, with NDCG@10 0.800 after epoch 3.',
    );
    expect(page).toContain('NDCG@10 went from 0.400 to 0.700');
    expect(ranked(sweep.rows).map((row) => row.trial)).toEqual([2, 4, 5, 1, 3]);
    expect(page).toContain('NonFiniteLoss');
  });

  it('says that nothing was published when that failed', async () => {
    const rows = sweep.rows.map((row) =>
      row.outcome === 'best' ? { ...row, error: { type: 'ParityFailed', message: 'not equal' } } : row,
    );
    const { model: _, ...unpublished } = sweep;
    expect(await renderSweep({ ...unpublished, rows })).toContain('best, not published');
  });
});

describe('the page of a chain', () => {
  it('shows each step against the original base, and every model on every test part', async () => {
    const page = await renderChain(chain);
    expect(page).toContain('is 0.800; the original base model reaches 0.500 there.');
    expect(page).toContain('Step 2 (two) failed.');
    expect(page).toContain('NonFiniteLoss: it exploded');
    expect(page).toContain('<b>0.800</b>');
  });
});

it.each([
  ['sweep', () => renderSweep(sweep)],
  ['chain', () => renderChain(chain)],
])(
  'the page of a %s takes no markup from data, runs no script, loads nothing, and is the same each time',
  async (_kind, render) => {
    const page = await render();
    expect(page).not.toContain('<script');
    expect(page).not.toMatch(/(src|href)="(?!#)/);
    expect(page).toContain('&lt;script&gt;');
    expect(page, 'where on a disk models lie').not.toContain('somebody');
    expect(page).toContain(`default-src &#39;none&#39;`);
    expect(await render()).toBe(page);
  },
);
