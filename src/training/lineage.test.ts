import { describe, expect, it } from 'vitest';
import { trainingSpec } from '../../test/support/training-fixture.js';
import { fineTuneSpecSchema } from '../spec/spec.js';
import { lineageOf, type LineageInputs } from './lineage.js';
import { NUMERICS_VERSION } from './numerics.js';

const blob = (sha256: string): { sha256: string; bytes: number } => ({ sha256, bytes: 1 });

function inputs(overrides: Partial<LineageInputs> = {}): LineageInputs {
  return {
    start: { base: { 'model.safetensors': blob('w'), 'config.json': blob('c') } },
    data: { 'train/queries': blob('q') },
    microBatchSize: 4,
    training: trainingSpec(),
    ...overrides,
  };
}

describe('lineageOf', () => {
  it('is another for another base file, other data, another micro-batch and another parent', () => {
    const names = [
      inputs(),
      inputs({ start: { base: { 'model.safetensors': blob('w'), 'config.json': blob('other') } } }),
      inputs({ start: { base: { 'model.safetensors': blob('w'), 'other.json': blob('c') } } }),
      inputs({ start: { parent: { lineage: 'l', step: 3 } } }),
      inputs({ start: { parent: { lineage: 'l', step: 4 } } }),
      inputs({ data: { 'train/queries': blob('other') } }),
      inputs({ microBatchSize: 2 }),
    ].map(lineageOf);
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is the same as ever where nothing is frozen, and another for each way to freeze', () => {
    const { freeze: _freeze, ...without } = trainingSpec();
    const frozen = (freeze: object | null | undefined): string => {
      const { training } = fineTuneSpecSchema.parse({ model: 'm', dataset: 'd', training: { freeze } });
      return lineageOf(inputs({ training: trainingSpec({ freeze: training.freeze }) }));
    };
    const name = lineageOf(inputs({ training: without }));
    expect([undefined, null, { embeddings: false }].map(frozen)).toEqual([name, name, name]);
    const others = [{}, { layers: 1 }, { embeddings: false, layers: 1 }].map(frozen);
    expect(new Set([name, ...others]).size).toBe(4);
  });

  it('is what it was when a run began, so that a deploy which changes no numbers finds its checkpoints', () => {
    // Settings as they stand in a history; newer ones are not among them. To be recorded anew with each NUMERICS_VERSION.
    const training = {
      ...{
        epochs: 2,
        batchSize: 4,
        batchSampler: 'noDuplicates',
        seed: 12,
        loss: 'mnrl',
        scale: 20,
        learningRate: 0.02,
      },
      ...{ warmupRatio: 0.1, weightDecay: 0.01, maxGradientNorm: 1, dropout: 0.2, checkpointEverySeconds: 30 },
    } as unknown as LineageInputs['training'];
    expect([NUMERICS_VERSION, lineageOf(inputs({ training }))]).toEqual([
      4,
      'd7e888135e2fcc9c45ae6f81fd3b8f2b019139f355bbde85a77644edb72287c8',
    ]);
  });

  it('is another for every setting but those that change no weight, so that a new setting counts by default', () => {
    const training = trainingSpec();
    const same = {
      checkpointEverySeconds: 7,
      keep: 'best',
      microBatchSize: 3,
      sameNumerics: 'require' as const,
    } as const;
    expect(lineageOf(inputs({ training: { ...training, ...same } }))).toBe(lineageOf(inputs()));
    for (const name of Object.keys(training).filter((key) => !(key in same))) {
      expect(lineageOf(inputs({ training: { ...training, [name]: 'another' } })), name).not.toBe(lineageOf(inputs()));
    }
    expect(lineageOf(inputs({ training: { ...training, futureSetting: 1 } as typeof training }))).not.toBe(
      lineageOf(inputs()),
    );
  });
});
