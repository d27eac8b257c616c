import { describe, expect, it } from 'vitest';
import { parseSpec } from '../spec/parse.js';
import type { LocalPlanView } from '../training.js';
import { histogram, planReport } from './plan-report.js';

const plain = (text: string): string => text.replace(/\u001b\[\d+m/g, '');
const ref = { kind: 'k', key: 'x' };
const view: LocalPlanView = {
  pins: { model: { type: 'hub', id: 'm', commit: 'c' }, dataset: { type: 'hub', id: 'd', commit: 'c' } },
  model: ref,
  snapshot: ref,
  transform: { artifact: ref, splits: { train: { rows: 12, kept: 10, dropped: { 'empty answer': 2 } } } },
  split: { artifact: ref, parts: { train: 8, test: 2 }, dropped: { 'question also in train': 1 } },
  corpus: {
    artifact: ref,
    parts: { train: { queries: 8, documents: 7, pairs: 8 } },
    trainSha256: 's',
    warnings: [],
  },
  plan: {
    tokens: ref,
    plan: ref,
    lineage: 'l',
    pairs: 8,
    stepsPerEpoch: [2, 2],
    totalSteps: 4,
    microBatchSize: 4,
    cut: { train: { queries: 0, documents: 3 } },
    estimate: { seconds: 75, memoryMb: 300, diskMb: 40 },
    seconds: 1,
    warnings: [],
  },
  warnings: ['prompts are missing'],
  pairs: [{ question: 'Is \u001b[31mred\u001b[0m\na color?', answer: 'Yes' }],
  lengths: { queries: [3, 8, 9, 200], documents: [] },
};

describe('planReport', () => {
  const text = plain(planReport(parseSpec({ model: 'owner/m', dataset: 'owner/d' }), view));

  it('counts rows with the reasons of what was dropped, parts, cut texts, steps and the estimate', () => {
    for (const part of [
      'train: 12 rows, 10 pairs, dropped: 2 empty answer',
      'after the split, dropped: 1 question also in train',
      'train: 8 questions, 7 documents, 8 pairs',
      'train: 0 questions, 3 documents',
      '8 pairs, 3 epochs, 4 steps of 10 pairs (micro-batches as large as 4 of the longest pairs)',
      'about 1:15 of training, 300 MB of memory, 40 MB of disk',
      '! prompts are missing',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('lets no control character of the data reach the terminal', () => {
    const raw = planReport(parseSpec({ model: 'owner/m', dataset: 'owner/d' }), view);
    expect(raw).not.toContain('\u001b[31mred');
    expect(text).toContain('[31mred [0m a color?');
  });
});

describe('histogram', () => {
  it('counts every length once, in bins of powers of two', () => {
    const lines = plain(histogram('Tokens', [3, 8, 9, 16, 17, 200]))
      .split('\n')
      .slice(1);
    expect(lines.map((line) => line.replace(/█+/, '').split(/\s+/).filter(Boolean))).toEqual([
      ['≤', '8', '2'],
      ['≤', '16', '2'],
      ['≤', '32', '1'],
      ['≤', '256', '1'],
    ]);
  });
});
