import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { decayStretch, sumOfSquares, updateStretch, type UpdateArrays, type UpdateFactors } from './adamw-loops.js';
import { BLOCK } from './adamw-code.js';

const factors: UpdateFactors = {
  keep: 1 - 2e-5 * 0.01,
  rate: 2e-5 / (1 - 0.9 ** 3),
  inverse: 1 / Math.sqrt(1 - 0.999 ** 3),
  ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, gradientScale: 0.37 },
};

/** Values of any size, some of them zeros of both signs, denormal, huge or infinite. */
function values(length: number, key: number): Float32Array {
  const random = randomStream(7, key);
  const odd = [0, -0, 1e-45, -3e-42, 1e-30, 3e38, Infinity];
  return Float32Array.from({ length }, (_, i) =>
    i % 13 === 5 ? odd[random.below(odd.length)]! : (random.fraction() - 0.5) * 10 ** -random.below(12),
  );
}

function arraysOf(length: number): UpdateArrays {
  const [p, g, m, v] = [0, 1, 2, 3].map((key) => values(length, key)) as [Float32Array, ...Float32Array[]];
  return { p, g: g!, m: m!, v: v!.map(Math.abs) };
}

/** The loop in plain TypeScript. */
function plainUpdate({ p, g, m, v }: UpdateArrays, begin: number, end: number): void {
  const { keep, rate, inverse, beta1, beta2, epsilon, gradientScale } = factors;
  for (let i = begin; i < end; i++) {
    const gi = g[i]! * gradientScale;
    const mi = m[i]! + (gi - m[i]!) * (1 - beta1);
    const vi = v[i]! * beta2 + gi * gi * (1 - beta2);
    m[i] = mi;
    v[i] = vi;
    p[i] = p[i]! * keep - (rate * mi) / (Math.sqrt(vi) * inverse + epsilon);
  }
}

/** What of the numbers decides: NaN is NaN, whatever its bits. */
function bits({ p, m, v }: Omit<UpdateArrays, 'g'>): string {
  const all = [p, m, v].map((array) => array.map((x) => (Number.isNaN(x) ? NaN : x)));
  return Buffer.concat(all.map(({ buffer }) => Buffer.from(buffer))).toString('base64');
}

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 384, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 6];

describe('updateStretch', () => {
  it('gives the bits of the plain loop for any length, and changes nothing outside of its stretch', () => {
    for (const length of LENGTHS) {
      for (const begin of [0, 3]) {
        const [actual, expected] = [arraysOf(length + 5), arraysOf(length + 5)];
        updateStretch(actual, [begin, begin + length], factors);
        plainUpdate(expected, begin, begin + length);
        expect(bits(actual) === bits(expected), `${length} values from ${begin}`).toBe(true);
      }
    }
  });

  it('gives the same bits however it is cut', () => {
    const length = BLOCK + 1001;
    const [whole, cut] = [arraysOf(length), arraysOf(length)];
    updateStretch(whole, [0, length], factors);
    for (let begin = 0, size = 1; begin < length; begin += size, size = Math.min(3 * size, length - begin)) {
      updateStretch(cut, [begin, begin + size], factors);
    }
    expect(bits(cut) === bits(whole)).toBe(true);
  });
});

describe('decayStretch', () => {
  it('multiplies a stretch and nothing else, and so does what an update does where gradient and moments are 0', () => {
    for (const length of LENGTHS) {
      const p = values(length + 5, 4);
      const expected = p.map((x, i) => (i >= 3 && i < 3 + length ? x * factors.keep : x));
      const zeros = (): Float32Array => new Float32Array(length + 5);
      const updated = { p: p.slice(), g: zeros(), m: zeros(), v: zeros() };
      decayStretch(p, [3, 3 + length], factors.keep);
      updateStretch(updated, [3, 3 + length], factors);
      const rest = { m: zeros(), v: zeros() };
      expect(bits({ p, ...rest }) === bits({ p: expected, ...rest }), `${length} values`).toBe(true);
      expect(bits(updated) === bits({ p: expected, ...rest }), `${length} values updated`).toBe(true);
    }
  });
});

describe('sumOfSquares', () => {
  it('adds four sums by place modulo 4, what is over to the first, in float64', () => {
    for (const length of LENGTHS) {
      const x = values(length, 5).map((value) => Math.min(value, 1e30));
      const sums = [0, 0, 0, 0];
      const whole = length - (length % 4);
      x.forEach((value, i) => (sums[i < whole ? i % 4 : 0]! += value * value));
      expect(sumOfSquares(x), `${length} values`).toBe(sums[0]! + sums[1]! + (sums[2]! + sums[3]!));
    }
  });

  it('takes several stretches as one after the other, and finds what is not a number', () => {
    const x = values(3 * BLOCK, 6).map((value) => Math.min(value, 1));
    const joined = Float32Array.from([...x.subarray(8, 400), ...x.subarray(BLOCK, 2 * BLOCK + 12)]);
    const stretches = [
      [8, 400],
      [BLOCK, 2 * BLOCK + 12],
    ] as const;
    expect(sumOfSquares(x, stretches)).toBe(sumOfSquares(joined));
    x[BLOCK + 2] = NaN;
    expect(sumOfSquares(x, stretches)).toBeNaN();
  });
});
