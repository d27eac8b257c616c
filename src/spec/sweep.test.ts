// Specs of sweeps: trials, labels, rounds, and what is refused.
import { describe, expect, it } from 'vitest';
import { EXAMPLE_SWEEP, parseSweep, roundsOf, survivorsOf, sweepName, trialsOf, type SweepSpecInput } from './sweep.js';

const base = { model: 'org/small', dataset: { source: 'data/pairs.jsonl' }, training: { epochs: 4, batchSize: 16 } };
const sweep = (more: Partial<SweepSpecInput> = {}): SweepSpecInput => ({ base, ...more });

describe('the trials of a sweep', () => {
  it('are all models with all combinations of the settings, in an order that does not hang on how they are written', () => {
    const trials = trialsOf(
      parseSweep(
        sweep({ models: ['org/small', 'org/large'], settings: { learningRate: [1e-5, 2e-5], batchSize: [8, 16] } }),
      ),
    );
    expect(trials.map(({ trial, label }) => `${trial} ${label}`)).toEqual([
      '1 small, batchSize 8, learningRate 0.00001',
      '2 small, batchSize 8, learningRate 0.00002',
      '3 small, batchSize 16, learningRate 0.00001',
      '4 small, batchSize 16, learningRate 0.00002',
      '5 large, batchSize 8, learningRate 0.00001',
      '6 large, batchSize 8, learningRate 0.00002',
      '7 large, batchSize 16, learningRate 0.00001',
      '8 large, batchSize 16, learningRate 0.00002',
    ]);
    expect(trials[4]!.spec).toMatchObject({
      model: { source: 'org/large' },
      training: { epochs: 4, batchSize: 8, learningRate: 1e-5, keep: 'best', weightDecay: 0.01 },
    });
  });

  it('may be sets of settings; what a set leaves out stays as the base has it, and what comes twice counts once', () => {
    const settings = [{}, { learningRate: 5e-5 }, { batchSize: 16 }, { epochs: 2, dropout: 'model' as const }];
    const trials = trialsOf(parseSweep(sweep({ settings })));
    expect(
      trials.map(({ spec: { training } }) => [training.epochs, training.batchSize, training.learningRate]),
    ).toEqual([
      [4, 16, 2e-5],
      [4, 16, 5e-5],
      [2, 16, 2e-5],
    ]);
    expect(trials.map(({ label }) => label)[2]).toBe('epochs 2, dropout model');
  });

  it('of two models of one name are told apart', () => {
    const models = ['org/small', 'other/small', { source: 'org/small', revision: 'abcdef0123456789' }];
    expect(trialsOf(parseSweep(sweep({ models }))).map(({ label }) => label)).toEqual([
      'org/small',
      'other/small',
      'org/small@abcdef012345',
    ]);
  });
});

describe('rounds', () => {
  const roundsOfSweep = (more: Partial<SweepSpecInput>, epochs = 4): number[] => {
    const spec = parseSweep(
      sweep({ settings: { learningRate: [1e-5, 2e-5] }, base: { ...base, training: { epochs } }, ...more }),
    );
    return roundsOf(spec, trialsOf(spec));
  };

  it('grow by the factor from the first epoch on to the end', () => {
    expect(roundsOfSweep({})).toEqual([1, 2, 4]);
    expect(roundsOfSweep({}, 10)).toEqual([1, 2, 4, 8, 10]);
    expect(roundsOfSweep({ halving: { factor: 3, firstEpochs: 2 } }, 20)).toEqual([2, 6, 18, 20]);
    expect(roundsOfSweep({}, 1)).toEqual([1]);
    expect(roundsOfSweep({ halving: false })).toEqual([4]);
  });

  it('let one in `factor` go on, at least one', () => {
    const { halving } = parseSweep(sweep({ settings: { learningRate: [1e-5, 2e-5] } }));
    expect([8, 5, 2, 1].map((trials) => survivorsOf({ halving }, trials))).toEqual([4, 3, 1, 1]);
    expect(survivorsOf({ halving: false }, 8)).toBe(8);
  });
});

describe('a sweep', () => {
  it('is named by its output, or by its data', () => {
    const settings = { learningRate: [1e-5, 2e-5] };
    expect(sweepName(parseSweep(sweep({ settings })))).toBe('pairs-sweep');
    expect(sweepName(parseSweep(sweep({ settings, base: { ...base, output: { name: 'mine' } } })))).toBe('mine');
  });

  it('parses again as it was parsed', () => {
    const parsed = parseSweep(EXAMPLE_SWEEP);
    expect(parseSweep(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
  });

  it.each([
    ['a list of sets', [{}, { freeze: null }, { freeze: { embeddings: false } }]],
    ['lists by key', { freeze: [null, { layers: 2 }] }],
  ])('says in %s that nothing is frozen, and the way to the server keeps it', (_name, settings) => {
    const frozen = { ...base, training: { freeze: { layers: 1 } } };
    const parsed = parseSweep(sweep({ base: frozen, settings }));
    const trials = trialsOf(parsed);
    expect(trials.map(({ spec: { training } }) => training.freeze)).toContain(undefined);
    const sent = parseSweep(JSON.parse(JSON.stringify(parsed)));
    expect(sent).toEqual(parsed);
    expect(trialsOf(sent)).toEqual(trials);
  });

  it.each([
    ['an unknown key', { ...sweep(), paralel: 2 }, /paralel: unknown key.*did you mean "parallel"/],
    ['an unknown setting', sweep({ settings: { rate: [1] } }), /settings\.rate: unknown key/],
    ['a wrong value', sweep({ settings: { learningRate: [1e-5, -1] } }), /settings\.learningRate\.1: .*got -1/],
    ['a wrong value in a set', sweep({ settings: [{}, { batchSize: 1 }] }), /settings\.1\.batchSize: .*got 1/],
    ['one trial', sweep({ settings: { learningRate: [1e-5] } }), /2 to 40 trials .* are needed, got 1/],
    ['too many', sweep({ settings: { seed: Array.from({ length: 41 }, (_, i) => i) } }), /are needed, got 41/],
    ['no model', { base: { dataset: 'd' }, settings: { seed: [1, 2] } }, /at least one model is needed/],
    [
      'the last epoch to be kept',
      sweep({ base: { ...base, training: { keep: 'last' as never } } }),
      /base\.training\.keep: one of "best" is needed, got "last"/,
    ],
  ])('with %s is refused', (_name, input, message) => {
    expect(() => parseSweep(input)).toThrow(message);
  });
});
