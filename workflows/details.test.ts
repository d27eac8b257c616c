// What the run's page shows, as text.
import { describe, expect, it } from 'vitest';
import { niceTicks } from './drawing.js';
import { renderDetails } from './details.js';
import { newRunState, type RunState } from './progress.js';

const evaluation = (ndcg: number) => ({
  artifact: { kind: 'evaluation', key: 'k' },
  metrics: { 'ndcg@10': ndcg, 'hit_rate@5': 0.8, 'mrr@10': 0.4 },
  queries: 1,
  documents: 1,
  seconds: 1,
});

function trained(epochs: number): RunState {
  const state = newRunState('physics-bge', epochs);
  state.before = evaluation(0.5).metrics;
  state.progress.stage = 'train';
  state.progress.epoch = epochs;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const { metrics } = evaluation(0.5 + epoch / (10 * epochs));
    state.epochs.push({ epoch, step: 10 * epoch, meanLoss: 1 / epoch, metrics, resetEvent: 10 * epoch });
  }
  return state;
}

describe('the page of a run', () => {
  it('begins with the stage and a progress bar', () => {
    expect(renderDetails(newRunState('physics-bge', 3))).toBe(
      '### physics-bge · fixing revisions\n\n<progress value="0" max="100"></progress> **0 %**',
    );
  });

  it('tells epoch, step, time left, loss and rate while it trains', () => {
    const state = trained(1);
    Object.assign(state.progress, { epoch: 2, epochs: 3, totalSteps: 30, step: 15 });
    Object.assign(state.progress, { etaSeconds: 200, loss: 0.123456, learningRate: 0.000012, pairsPerSecond: 41 });
    const text = renderDetails(state);
    expect(text).toContain('### physics-bge · training, epoch 2 of 3');
    expect(text).toContain('step 15 of 30 · 3 min of training left · loss 0.123 · rate 1.2e-5 · 41 pairs/s');
    // Half of an epoch, which is 10 of 8 + 3 × 11 + 1 parts of the work.
    expect(text).toContain('**12 %**');
  });

  it('tells where the report will be until it is there', () => {
    const state = trained(1);
    state.progress.report = '/out/data/embeddings/physics-bge/report.html';
    expect(renderDetails(state)).toContain('- report, at the end: /out/data/embeddings/physics-bge/report.html');
    state.progress.stage = 'done';
    expect(renderDetails(state)).not.toContain('at the end');
  });

  it('has a table of the epochs with the event to reset to', () => {
    expect(renderDetails(trained(2))).toContain(
      [
        '```',
        'epoch   loss    ndcg@10  hit@5   mrr@10  event',
        'before          0.5000   0.8000  0.4000',
        '1       1.0000  0.5500   0.8000  0.4000  10',
        '2       0.5000  0.6000   0.8000  0.4000  20',
        '```',
      ].join('\n'),
    );
  });

  it('draws the loss by step and the metric by epoch, with attributes alone and no blank line', () => {
    const state = trained(2);
    state.losses = [
      [5, 1],
      [10, 0.5],
      [20, 0.25],
    ];
    state.progress.totalSteps = 20;
    state.progress.changes = [{ step: 10, epoch: 2, learningRate: 1e-5 }];
    const text = renderDetails(state);
    const svg = text.slice(text.indexOf('<svg'), text.indexOf('</svg>'));
    // Steps 5, 10 and 20 of 20 over 356 units of width; losses of 0 to 1 over 142 of height.
    expect(svg).toContain('points="137,32 226,103 404,138.5"');
    expect(svg).toContain('before</text>');
    expect(svg).toContain('epoch 2</text>');
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg).toContain('changed by hand');
    expect(svg).not.toMatch(/\n\s*\n|style=|NaN|Infinity/);
  });

  it.each([
    [0, 1, [0, 0.25, 0.5, 0.75, 1]],
    [0.41, 0.62, [0.4, 0.5, 0.6, 0.7]],
    [0, 3.2, [0, 1, 2, 3, 4]],
  ])('marks %f to %f at round numbers', (low, high, ticks) => {
    expect(niceTicks(low, high)).toEqual(ticks);
  });

  it('stays under the limit of twenty kilobytes with a thousand epochs and long warnings', () => {
    const state = trained(1000);
    state.losses = Array.from({ length: 240 }, (_, index) => [index * 1000, 1 / 3]);
    state.progress.warnings = Array.from({ length: 50 }, (_, index) => `${index} ${'x'.repeat(5000)}`);
    expect(Buffer.byteLength(renderDetails(state))).toBeLessThan(20_000);
  });

  it('escapes what comes from data', () => {
    const state = newRunState('n', 1);
    state.progress.warnings = ['column "<script>" of https://example.org, [a](b)'];
    const text = renderDetails(state);
    expect(text).toContain('- column "&lt;script&gt;" of https&#58;//example.org, \\[a\\]\\(b\\)');
    expect(text).not.toContain('<script>');
  });
});
