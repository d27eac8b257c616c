// What the run's page shows, as text.
import { describe, expect, it } from 'vitest';
import { escapeMarkdown, renderDetails } from './details.js';
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
    const checkpoint = { lineage: 'l', step: epoch };
    state.epochs.push({ epoch, checkpoint, meanLoss: 1 / epoch, test: evaluation(0.5 + epoch / (10 * epochs)) });
    state.resetEvents.set(epoch, 10 * epoch);
  }
  return state;
}

describe('the page of a run', () => {
  it('begins with the stage and a progress bar', () => {
    expect(renderDetails(newRunState('physics-bge', 3))).toBe(
      '### physics-bge: pin\n\n<progress value="0" max="100"></progress> 0 %',
    );
  });

  it('has a table of the epochs with the event to reset to, and the curve of the metric', () => {
    const text = renderDetails(trained(2));
    expect(text).toContain('### physics-bge: train · epoch 2 of 2');
    expect(text).toContain(
      [
        '```',
        'epoch   loss    ndcg@10  hit_rate@5  mrr@10  reset to event',
        'before          0.5000   0.8000      0.4000',
        '1       1.0000  0.5500   0.8000      0.4000  10',
        '2       0.5000  0.6000   0.8000      0.4000  20',
        '```',
      ].join('\n'),
    );
    expect(text).toContain('points="52.0,156.0 250.0,86.0 448.0,16.0"');
    const svg = text.slice(text.indexOf('<svg'), text.indexOf('</svg>'));
    expect(svg).not.toContain('\n\n');
    expect(svg).not.toContain('style=');
  });

  it('stays under the limit of twenty kilobytes with a thousand epochs and long warnings', () => {
    const state = trained(1000);
    state.progress.warnings = Array.from({ length: 50 }, (_, index) => `${index} ${'x'.repeat(5000)}`);
    expect(Buffer.byteLength(renderDetails(state))).toBeLessThan(20_000);
  });

  it('escapes what comes from data', () => {
    expect(escapeMarkdown('<img src=x> [a](b) `c`\n# d')).toBe('&lt;img src=x&gt; \\[a\\](b) \\`c\\` \\# d');
    const state = newRunState('n', 1);
    state.progress.warnings = ['column "<script>"'];
    expect(renderDetails(state)).not.toContain('<script>');
  });
});
