// The optimizer's inner loops as WebAssembly: two float64 at a time, where JavaScript has one. Every operation is rounded as in the plain
// loop, so the bits are the same, on every machine. Parameters and moments lie anywhere in the module's memory (adamw-memory.ts); gradients
// come in blocks to its beginning.
import { f32x4, f64x2, get, i32, int, loop, repeatIf, set, v128, type Code } from '../wasm/expressions.js';
import { instantiate, PAGE_BYTES, type WasmFunction, type WasmMemory } from '../wasm/module.js';

/** Values of a gradient's block, which lies at 0: it stays in the caches of one core. */
export const BLOCK = 16384;

/** Where the four sums of squares lie, after the block; bytes. */
export const SUMS_AT = BLOCK * Float32Array.BYTES_PER_ELEMENT;

/** Where other values may begin; bytes. */
export const FREE_AT = SUMS_AT + 64;

/** The compiled module; each function works on `bytes`, a positive multiple of 16. Places are addresses in bytes. */
export interface AdamWCode {
  memory: WasmMemory;
  /** AdamW on values at three places with the gradient's block. */
  update(
    ...factors: [
      bytes: number,
      pAt: number,
      mAt: number,
      vAt: number,
      keep: number,
      rate: number,
      inverse: number,
      epsilon: number,
      gradientScale: number,
      fresh1: number,
      beta2: number,
      fresh2: number,
    ]
  ): void;
  /** `p ← p·keep` */
  decay(bytes: number, pAt: number, keep: number): void;
  /** Adds values at one place to those at another, in float32. */
  addValues(bytes: number, toAt: number, fromAt: number): void;
  /** Adds the squares of the gradient's block to the four sums, by place modulo 4. */
  addSquares(bytes: number): void;
}

const { add, sub, mul, div, sqrt, splat, loadFloats, storeFloats } = f64x2;

/** Four values a round: `body` is given the offset of each two; every local of `addresses` goes on, until the first has come to `end`. */
function forEachFour(addresses: readonly number[], end: number, body: (offset: number) => Code): Code {
  return loop(
    ...[body(0), body(8)],
    ...addresses.map((address) => set(address, i32.add(get(address), int(16)))),
    repeatIf(i32.lessUnsigned(get(addresses[0]!), get(end))),
  );
}

// m ← m + (g − m)(1 − β₁);  v ← β₂v + (1 − β₂)g²;  p ← p·(1 − lr·λ) − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε), with g scaled first.
function update(): WasmFunction {
  const [bytes, pAt, mAt, vAt] = [0, 1, 2, 3];
  const factors = 8;
  const gAt = 4 + factors;
  const splats = Array.from({ length: factors }, (_, at) => gAt + 1 + at);
  const [keep, rate, inverse, epsilon, scale, fresh1, beta2, fresh2] = splats.map(get) as [Code, ...Code[]];
  const [g, m, v] = [0, 1, 2].map((at) => gAt + 1 + factors + at) as [number, number, number];
  const code = [
    ...splats.flatMap((local, at) => set(local, splat(get(at + 4)))),
    ...forEachFour([gAt, pAt, mAt, vAt], bytes, (offset) => {
      const change = div(mul(rate!, get(m)), add(mul(sqrt(get(v)), inverse!), epsilon!));
      return [
        ...set(g, mul(loadFloats(get(gAt), offset), scale!)),
        ...set(m, loadFloats(get(mAt), offset)),
        ...set(m, add(get(m), mul(sub(get(g), get(m)), fresh1!))),
        ...set(v, add(mul(loadFloats(get(vAt), offset), beta2!), mul(mul(get(g), get(g)), fresh2!))),
        ...storeFloats(get(mAt), get(m), offset),
        ...storeFloats(get(vAt), get(v), offset),
        ...storeFloats(get(pAt), sub(mul(loadFloats(get(pAt), offset), keep), change), offset),
      ];
    }),
  ];
  return {
    parameters: ['i32', 'i32', 'i32', 'i32', ...Array<'f64'>(factors).fill('f64')],
    locals: [
      [1, 'i32'],
      [factors + 3, 'v128'],
    ],
    code,
  };
}

function decay(): WasmFunction {
  const [bytes, pAt, keep] = [0, 1, 3];
  return {
    parameters: ['i32', 'i32', 'f64'],
    locals: [[1, 'v128']],
    code: [
      ...set(keep, splat(get(2))),
      ...set(bytes, i32.add(get(pAt), get(bytes))),
      ...forEachFour([pAt], bytes, (offset) =>
        storeFloats(get(pAt), mul(loadFloats(get(pAt), offset), get(keep)), offset),
      ),
    ],
  };
}

function addSquares(): WasmFunction {
  const [bytes, gAt, x, sums] = [0, 1, 2, [3, 4]] as const;
  return {
    parameters: ['i32'],
    locals: [
      [1, 'i32'],
      [3, 'v128'],
    ],
    code: [
      ...sums.flatMap((sum, half) => set(sum, v128.load(int(0), SUMS_AT + 16 * half))),
      ...forEachFour([gAt], bytes, (offset) => {
        const sum = sums[offset / 8]!;
        return [...set(x, loadFloats(get(gAt), offset)), ...set(sum, add(get(sum), mul(get(x), get(x))))];
      }),
      ...sums.flatMap((sum, half) => v128.store(int(0), get(sum), SUMS_AT + 16 * half)),
    ],
  };
}

function addValues(): WasmFunction {
  const [bytes, toAt, fromAt] = [0, 1, 2];
  const to = get(toAt);
  return {
    parameters: ['i32', 'i32', 'i32'],
    locals: [],
    code: [
      ...set(bytes, i32.add(to, get(bytes))),
      ...loop(
        v128.store(to, f32x4.add(v128.load(to), v128.load(get(fromAt)))),
        set(toAt, i32.add(to, int(16))),
        set(fromAt, i32.add(get(fromAt), int(16))),
        repeatIf(i32.lessUnsigned(to, get(bytes))),
      ),
    ],
  };
}

/** Compiles the module, with a memory of its own of at least so many bytes. */
export function compileAdamWCode(bytes: number): AdamWCode {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return instantiate<Omit<AdamWCode, 'memory'>>(
    { update: update(), decay: decay(), addValues: addValues(), addSquares: addSquares() },
    pages,
  );
}
