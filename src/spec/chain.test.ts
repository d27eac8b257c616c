// Specs of chains: steps, names, and what is refused.
import { describe, expect, it } from 'vitest';
import { chainName, EXAMPLE_CHAIN, parseChain, stepsOf, type ChainSpecInput } from './chain.js';

const base = { model: 'org/small', training: { epochs: 4 }, output: { directory: 'out' } };
const chain = (steps: ChainSpecInput['steps'], more: object = {}): ChainSpecInput => ({
  base: { ...base, ...more },
  steps,
});

describe('a chain', () => {
  it('has a spec by step, with its own settings of training over the base, and a name of its own for each model', () => {
    const steps = stepsOf(
      parseChain(
        chain([
          { dataset: 'a/one.jsonl' },
          { dataset: { train: 'x/t.json', test: 'y.json' }, training: { epochs: 1, keep: 'best' } },
        ]),
      ),
    );
    expect(steps.map(({ step, name }) => [step, name])).toEqual([
      [1, 'one'],
      [2, 't'],
    ]);
    expect(steps[0]!.spec).toMatchObject({
      model: { source: 'org/small' },
      dataset: { source: 'a/one.jsonl', testRatio: 0.2 },
      training: { epochs: 4, keep: 'last' },
      output: { name: 'one-to-t-small-1-one', directory: 'out' },
    });
    expect(steps[1]!.spec).toMatchObject({
      training: { epochs: 1, keep: 'best' },
      output: { name: 'one-to-t-small-2-t' },
    });
  });

  it('tells steps on the same data apart', () => {
    const steps = stepsOf(
      parseChain(chain([{ dataset: 'one.jsonl' }, { dataset: 'one.jsonl' }, { name: 'other', dataset: 'd' }])),
    );
    expect(steps.map(({ name }) => name)).toEqual(['one-1', 'one-2', 'other']);
    expect(new Set(steps.map(({ spec }) => spec.output.name)).size).toBe(3);
  });

  it('is named by its output, or by its first and last data and its model', () => {
    expect(chainName(parseChain(chain([{ dataset: 'a.jsonl' }, { dataset: 'b.jsonl' }])))).toBe('a-to-b-small');
    expect(chainName(parseChain(chain([{ dataset: 'a.jsonl' }])))).toBe('a-small');
    expect(chainName(parseChain(chain([{ dataset: 'a.jsonl' }], { output: { name: 'mine' } })))).toBe('mine');
  });

  it('parses again as it was parsed', () => {
    const parsed = parseChain(EXAMPLE_CHAIN);
    expect(parseChain(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
  });

  it('may free in a step what the base freezes, and the way to the server keeps it', () => {
    const steps = [{ dataset: 'a.jsonl' }, { dataset: 'b.jsonl', training: { freeze: null } }];
    const parsed = parseChain(chain(steps, { training: { freeze: { layers: 1 } } }));
    expect(stepsOf(parsed).map(({ spec: { training } }) => training.freeze?.layers)).toEqual([1, undefined]);
    const sent = parseChain(JSON.parse(JSON.stringify(parsed)));
    expect(sent).toEqual(parsed);
    expect(stepsOf(sent)).toEqual(stepsOf(parsed));
  });

  it.each([
    ['nothing', undefined, /got nothing\. For example: \{"base"/],
    ['no step', chain([]), /steps: .*got \[\]/],
    [
      'a dataset in the base',
      { base: { ...base, dataset: 'd' }, steps: [{ dataset: 'd' }] },
      /base\.dataset: unknown key/,
    ],
    ['a wrong setting', chain([{ dataset: 'd', training: { epochs: 0 } }]), /steps\.0\.training\.epochs: .*got 0/],
    ['a name with a slash', chain([{ dataset: 'd', name: 'a/b' }]), /steps\.0\.name: use letters/],
  ])('with %s is refused', (_name, input, message) => {
    expect(() => parseChain(input)).toThrow(message);
  });
});
