import { describe, expect, it } from 'vitest';
import { chooseEpoch, demandValidation, trainingFigures } from './outcome.js';
import { parseSpec } from './parse.js';
import type { EpochSummary, EvaluateResult } from './evaluation-stages.js';

const evaluation = (ndcg: number): EvaluateResult => ({
  artifact: { kind: 'evaluation', key: 'k' },
  metrics: { 'ndcg@10': ndcg },
  queries: 1,
  documents: 1,
  seconds: 1,
});
const epoch = (number: number, test: number, validation?: number): EpochSummary => ({
  epoch: number,
  checkpoint: { lineage: 'l', step: number },
  meanLoss: 1,
  test: evaluation(test),
  ...(validation !== undefined && { validation: evaluation(validation) }),
});

describe('the epoch to publish', () => {
  it('is the last one by default, however the others did', () => {
    expect(chooseEpoch([epoch(1, 0.9), epoch(2, 0.1)], 'last').epoch).toBe(2);
  });

  it('is the best one on the validation part, never on the test part, and the earlier of two equal ones', () => {
    const epochs = [epoch(1, 0.9, 0.2), epoch(2, 0.1, 0.5), epoch(3, 0.95, 0.5)];
    expect(chooseEpoch(epochs, 'best').epoch).toBe(2);
  });

  it('cannot be the best one without a validation part, which is told with the remedy before training', () => {
    const spec = (keep: string) => parseSpec({ model: 'm', dataset: 'd', training: { keep } });
    const parts = { train: { queries: 9, documents: 9, pairs: 9 } };
    expect(() => demandValidation(spec('best'), { parts })).toThrow(
      /^training\.keep: "best" .* got none\. Give dataset\.validation, or a dataset\.validationRatio above 0/,
    );
    expect(() => demandValidation(spec('last'), { parts })).not.toThrow();
    expect(() => demandValidation(spec('best'), { parts: { ...parts, validation: parts.train } })).not.toThrow();
  });
});

describe('the figures of training', () => {
  it('add the epochs up, count tokenising as training, and take the largest memory', () => {
    const epochs = [
      { pairs: 30, seconds: 2, peakMemoryMb: 300 },
      { pairs: 30, seconds: 3, peakMemoryMb: 200 },
    ];
    expect(trainingFigures({ seconds: 1 }, epochs)).toEqual({
      pairs: 60,
      seconds: 6,
      pairsPerSecond: 10,
      peakMemoryMb: 300,
    });
  });
});
