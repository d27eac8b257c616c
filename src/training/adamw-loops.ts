// The optimizer's inner loops on float32 arrays of any length and place: blocks of them go through the memory of a WebAssembly module
// (adamw-code.ts). The blocks lie in a core's cache, so that copying costs little beside reading the arrays at all.
import { BLOCK, BLOCK_BYTES, compileAdamWCode, SUMS_AT, type AdamWCode } from './adamw-code.js';

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

/** From `begin` up to, not with, `end`. */
export type Stretch = readonly [begin: number, end: number];

interface Kernel {
  wasm: AdamWCode;
  blocks: readonly [Float32Array, Float32Array, Float32Array, Float32Array];
  sums: Float64Array;
}

let loaded: Kernel | undefined;

/** One for the process: its calls neither wait nor keep anything. */
function kernel(): Kernel {
  if (loaded === undefined) {
    const wasm = compileAdamWCode();
    const { buffer } = wasm.memory;
    const block = (at: number): Float32Array => new Float32Array(buffer, at * BLOCK_BYTES, BLOCK);
    const blocks = [block(0), block(1), block(2), block(3)] as const;
    loaded = { wasm, blocks, sums: new Float64Array(buffer, SUMS_AT, 4) };
  }
  return loaded;
}

/** AdamW on a stretch of a parameter, in float64 with every result rounded to float32; p, m and v are changed in place. */
export function updateStretch({ p, g, m, v }: UpdateArrays, stretch: Stretch, factors: UpdateFactors): void {
  const { wasm, blocks } = kernel();
  const { keep, rate, inverse, beta1, beta2, epsilon, gradientScale } = factors;
  const given = [p, g, m, v];
  forEachBlock(stretch, (from, to) => {
    given.forEach((array, at) => blocks[at]!.set(array.subarray(from, to)));
    wasm.update(roundedBytes(to - from), keep, rate, inverse, epsilon, gradientScale, 1 - beta1, beta2, 1 - beta2);
    for (const at of [0, 2, 3]) given[at]!.set(blocks[at]!.subarray(0, to - from), from);
  });
}

/** `p ← p·keep` on a stretch. */
export function decayStretch(p: Float32Array, stretch: Stretch, keep: number): void {
  const { wasm, blocks } = kernel();
  forEachBlock(stretch, (from, to) => {
    blocks[0].set(p.subarray(from, to));
    wasm.decay(roundedBytes(to - from), keep);
    p.set(blocks[0].subarray(0, to - from), from);
  });
}

/** Sum of squares in float64: four sums by place in a stretch modulo 4, joined at the end; what is over goes to the first. */
export function sumOfSquares(x: Float32Array, stretches: Iterable<Stretch> = [[0, x.length]]): number {
  const { wasm, blocks, sums } = kernel();
  sums.fill(0);
  for (const [begin, end] of stretches) {
    const whole = end - ((end - begin) % 4);
    forEachBlock([begin, whole], (from, to) => {
      blocks[0].set(x.subarray(from, to));
      wasm.addSquares(roundedBytes(to - from));
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
  return Math.ceil(values / 4) * 16;
}
