// The optimizer's inner loops on float32 arrays of any length and place (adamw-code.ts). Parameters and moments that lie together in the
// memory of a module are changed there; others go through it in blocks. The blocks lie in a core's cache, so that copying costs less than
// reading the arrays at all.
import { BLOCK } from './adamw-code.js';
import { createMemory, memoryOf, takeArray, type AdamWMemory } from './adamw-memory.js';

/** A parameter, its gradient and its moments. */
export interface UpdateArrays {
  p: Float32Array;
  g: Float32Array;
  m: Float32Array;
  v: Float32Array;
}

/** Factors of one update. */
export interface UpdateFactors {
  /** `1 − lr·λ` */
  keep: number;
  /** `lr / (1 − β₁ᵗ)` */
  rate: number;
  /** `1 / √(1 − β₂ᵗ)` */
  inverse: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  gradientScale: number;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** From `begin` up to, not with, `end`. */
export type Stretch = readonly [begin: number, end: number];

/** A memory with a block each for p, m and v. */
interface Blocks extends AdamWMemory {
  p: Float32Array;
  m: Float32Array;
  v: Float32Array;
}

let made: Blocks | undefined;

/** One for the process: the loops neither wait nor keep anything. */
function blocks(): Blocks {
  if (made === undefined) {
    const memory = createMemory([BLOCK, BLOCK, BLOCK]);
    const block = (): Float32Array => takeArray(memory, BLOCK)!;
    made = Object.assign(memory, { p: block(), m: block(), v: block() });
  }
  return made;
}

/** AdamW on a stretch of a parameter, in float64 with every result rounded to float32; p, m and v are changed in place. */
export function updateStretch(arrays: UpdateArrays, [begin, end]: Stretch, factors: UpdateFactors): void {
  const { p, g, m, v } = arrays;
  const memory = memoryOf(p);
  const together = memory !== undefined && memoryOf(m) === memory && memoryOf(v) === memory;
  // A round takes four values: what is over must not be taken together with what lies behind the stretch.
  const whole = together ? end - ((end - begin) % 4) : begin;
  forEachBlock([begin, whole], (from, to) => {
    memory!.gradient.set(g.subarray(from, to));
    update(memory!, to - from, [p, m, v].map((array) => array.byteOffset + from * BYTES) as Places, factors);
  });
  const through = blocks();
  const places = [through.p, through.m, through.v].map(({ byteOffset }) => byteOffset) as Places;
  forEachBlock([whole, end], (from, to) => {
    through.gradient.set(g.subarray(from, to));
    for (const name of ['p', 'm', 'v'] as const) through[name].set(arrays[name].subarray(from, to));
    update(through, to - from, places, factors);
    for (const name of ['p', 'm', 'v'] as const) arrays[name].set(through[name].subarray(0, to - from), from);
  });
}

/** Addresses of p, m and v. */
type Places = [pAt: number, mAt: number, vAt: number];

function update({ code }: AdamWMemory, values: number, places: Places, factors: UpdateFactors): void {
  const { keep, rate, inverse, beta1, beta2, epsilon, gradientScale } = factors;
  const fresh = [1 - beta1, beta2, 1 - beta2] as const;
  code.update(roundedBytes(values), ...places, keep, rate, inverse, epsilon, gradientScale, ...fresh);
}

/** `p ← p·keep` on a stretch. */
export function decayStretch(p: Float32Array, [begin, end]: Stretch, keep: number): void {
  const memory = memoryOf(p);
  const whole = memory ? end - ((end - begin) % 4) : begin;
  if (whole > begin) memory!.code.decay((whole - begin) * BYTES, p.byteOffset + begin * BYTES, keep);
  const through = blocks();
  forEachBlock([whole, end], (from, to) => {
    through.p.set(p.subarray(from, to));
    through.code.decay(roundedBytes(to - from), through.p.byteOffset, keep);
    p.set(through.p.subarray(0, to - from), from);
  });
}

/** Sum of squares in float64: four sums by place in a stretch modulo 4, joined at the end; what is over goes to the first. */
export function sumOfSquares(x: Float32Array, stretches: Iterable<Stretch> = [[0, x.length]]): number {
  const { code, gradient, sums } = blocks();
  sums.fill(0);
  for (const [begin, end] of stretches) {
    const whole = end - ((end - begin) % 4);
    forEachBlock([begin, whole], (from, to) => {
      gradient.set(x.subarray(from, to));
      code.addSquares(roundedBytes(to - from));
    });
    for (let i = whole; i < end; i++) sums[0]! += x[i]! * x[i]!;
  }
  return sums[0]! + sums[1]! + (sums[2]! + sums[3]!);
}

function forEachBlock([begin, end]: Stretch, work: (from: number, to: number) => void): void {
  for (let from = begin; from < end; from += BLOCK) work(from, Math.min(end, from + BLOCK));
}

/** The module works on four values at a time; what a block holds after its last value is not read back. */
function roundedBytes(values: number): number {
  return Math.ceil(values / 4) * 4 * BYTES;
}
