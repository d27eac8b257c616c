// The optimizer's inner loops as WebAssembly: two float64 at a time, where JavaScript has one. Every operation is rounded as in the plain
// loop, so the bits are the same, on every machine. They work on blocks of values in the module's memory, which adamw-loops.ts fills and
// empties.
import { f64x2, get, i32, int, loop, repeatIf, set, v128, type Code } from '../wasm/expressions.js';
import { instantiate, PAGE_BYTES, type WasmFunction, type WasmMemory } from '../wasm/module.js';

/** Values of a block: four blocks (p, g, m, v) lie in the caches of one core. */
export const BLOCK = 16384;

/** Bytes of a block; the blocks begin at 0 and follow one another. */
export const BLOCK_BYTES = BLOCK * Float32Array.BYTES_PER_ELEMENT;

/** Where the four sums of squares lie in the module's memory, after the blocks; bytes. */
export const SUMS_AT = 4 * BLOCK_BYTES;

/** The compiled module; each function works on the first `bytes` of the blocks, a positive multiple of 16. */
export interface AdamWCode {
  memory: WasmMemory;
  /** AdamW on all four blocks. */
  update(
    ...factors: [
      bytes: number,
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
  decay(bytes: number, keep: number): void;
  /** Adds the squares of the first block to the four sums, by place modulo 4. */
  addSquares(bytes: number): void;
}

const { add, sub, mul, div, sqrt, splat, loadFloats, storeFloats } = f64x2;

/** Four values a round: `body` is given the address and the offset of each two. */
function forEachFour(address: number, body: (address: Code, offset: number) => Code): Code {
  return loop(
    ...[body(get(address), 0), body(get(address), 8)],
    set(address, i32.add(get(address), int(16))),
    repeatIf(i32.less(get(address), get(0))),
  );
}

// m ← m + (g − m)(1 − β₁);  v ← β₂v + (1 − β₂)g²;  p ← p·(1 − lr·λ) − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε), with g scaled first.
function update(): WasmFunction {
  const factors = 8;
  const address = 1 + factors;
  const splats = Array.from({ length: factors }, (_, at) => address + 1 + at);
  const [keep, rate, inverse, epsilon, scale, fresh1, beta2, fresh2] = splats.map(get) as [Code, ...Code[]];
  const [g, m, v] = [0, 1, 2].map((at) => address + 1 + factors + at) as [number, number, number];
  const code = [
    ...splats.flatMap((local, at) => set(local, splat(get(at + 1)))),
    ...forEachFour(address, (at, offset) => {
      const [pAt, gAt, mAt, vAt] = [0, 1, 2, 3].map((block) => block * BLOCK_BYTES + offset) as [number, ...number[]];
      const change = div(mul(rate!, get(m)), add(mul(sqrt(get(v)), inverse!), epsilon!));
      return [
        ...set(g, mul(loadFloats(at, gAt), scale!)),
        ...set(m, loadFloats(at, mAt)),
        ...set(m, add(get(m), mul(sub(get(g), get(m)), fresh1!))),
        ...set(v, add(mul(loadFloats(at, vAt), beta2!), mul(mul(get(g), get(g)), fresh2!))),
        ...storeFloats(at, get(m), mAt),
        ...storeFloats(at, get(v), vAt),
        ...storeFloats(at, sub(mul(loadFloats(at, pAt), keep), change), pAt),
      ];
    }),
  ];
  return {
    parameters: ['i32', ...Array<'f64'>(factors).fill('f64')],
    locals: [
      [1, 'i32'],
      [factors + 3, 'v128'],
    ],
    code,
  };
}

function decay(): WasmFunction {
  const [address, keep] = [2, 3];
  return {
    parameters: ['i32', 'f64'],
    locals: [
      [1, 'i32'],
      [1, 'v128'],
    ],
    code: [
      ...set(keep, splat(get(1))),
      ...forEachFour(address, (at, offset) => storeFloats(at, mul(loadFloats(at, offset), get(keep)), offset)),
    ],
  };
}

function addSquares(): WasmFunction {
  const [address, x, sums] = [1, 2, [3, 4]] as const;
  return {
    parameters: ['i32'],
    locals: [
      [1, 'i32'],
      [3, 'v128'],
    ],
    code: [
      ...sums.flatMap((sum, half) => set(sum, v128.load(int(0), SUMS_AT + 16 * half))),
      ...forEachFour(address, (at, offset) => {
        const sum = sums[offset / 8]!;
        return [...set(x, loadFloats(at, offset)), ...set(sum, add(get(sum), mul(get(x), get(x))))];
      }),
      ...sums.flatMap((sum, half) => v128.store(int(0), get(sum), SUMS_AT + 16 * half)),
    ],
  };
}

/** Compiles the module, with a memory of its own. */
export function compileAdamWCode(): AdamWCode {
  const pages = Math.ceil((SUMS_AT + 32) / PAGE_BYTES);
  return instantiate<Omit<AdamWCode, 'memory'>>({ update: update(), decay: decay(), addSquares: addSquares() }, pages);
}
