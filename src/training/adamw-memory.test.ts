import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { decayStretch, updateStretch, type UpdateFactors } from './adamw-loops.js';
import { allocateParameters, memoryOf, takeBeside } from './adamw-memory.js';
import { AdamW } from './optimizer.js';

const factors: UpdateFactors = {
  ...{ keep: 0.999, rate: 1e-3, inverse: 1.5 },
  ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, gradientScale: 0.37 },
};

/** Longer than two of the gradient's blocks, and no multiple of four. */
const LENGTHS = [40_003, 1, 7, 384];

function filled(array: Float32Array, key: number): Float32Array {
  const random = randomStream(11, key);
  return array.map(() => random.fraction());
}

describe('memory for updates in place', () => {
  it('gives zeros, with room beside each parameter for two moments and no more', () => {
    const parameters = allocateParameters(LENGTHS);
    expect(parameters.map(({ length }) => length)).toEqual(LENGTHS);
    const moments = parameters.flatMap((parameter) => [takeBeside(parameter), takeBeside(parameter)]);
    const all = [...parameters, ...moments];
    expect(new Set(all.map(memoryOf)).size).toBe(1);
    expect(memoryOf(all[0]!)).toBeDefined();
    all.forEach((array, at) => array.fill(at + 1));
    all.forEach((array, at) => expect(array.every((value) => value === at + 1)).toBe(true));
    const third = takeBeside(parameters[0]!);
    expect(memoryOf(third)).toBeUndefined();
    expect(third).toEqual(new Float32Array(LENGTHS[0]!));
  });

  it('parts parameters among memories of a gigabyte', () => {
    const length = 50_000_000;
    const [a, b] = allocateParameters([length, length]);
    expect(memoryOf(a!)).toBeDefined();
    expect(memoryOf(b!)).toBeDefined();
    expect(memoryOf(a!)).not.toBe(memoryOf(b!));
  });

  it('an update there has the bits of one elsewhere, and changes nothing outside of its stretch', () => {
    const length = LENGTHS[0]!;
    const p = allocateParameters([length])[0]!;
    const here = { p, m: takeBeside(p), v: takeBeside(p), g: filled(new Float32Array(length), 3) };
    const there = { ...here };
    (['p', 'm', 'v'] as const).forEach((name, key) => {
      there[name] = filled(here[name], key);
      here[name].set(there[name]);
    });
    for (const stretch of [
      [0, length],
      [3, 10],
      [5, 5],
      [8, 33_001],
    ] as const) {
      for (const arrays of [here, there]) {
        updateStretch(arrays, stretch, factors);
        decayStretch(arrays.p, stretch, factors.keep);
      }
      for (const name of ['p', 'm', 'v'] as const) {
        const same = here[name].every((value, at) => value === there[name][at]);
        expect(same, `${name} after ${stretch.join(' to ')}`).toBe(true);
      }
    }
  });

  it('a second optimizer of the same parameters has moments of its own', () => {
    const data = allocateParameters([8])[0]!;
    const parameters = [{ name: 'w', shape: [8], data, decay: true }];
    const gradients = new Map([['w', new Float32Array(8).fill(1)]]);
    new AdamW(parameters).update({ gradients, learningRate: 1e-3, step: 0 });
    const second = new AdamW(parameters);
    expect(second.moments.m.get('w')).toEqual(new Float32Array(8));
  });
});
