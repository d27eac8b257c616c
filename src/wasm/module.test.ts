import { describe, expect, it } from 'vitest';
import { f64x2, get, i32, int, loop, repeatIf, set, signed, unsigned, v128 } from './expressions.js';
import { encodeModule, instantiate, PAGE_BYTES } from './module.js';

describe('LEB128', () => {
  it('writes seven bits a byte, the low ones first', () => {
    expect([unsigned(0), unsigned(127), unsigned(128), unsigned(624485)]).toEqual([
      [0],
      [127],
      [0x80, 1],
      [0xe5, 0x8e, 0x26],
    ]);
    expect([signed(63), signed(64), signed(-1), signed(-123456)]).toEqual([
      [63],
      [0xc0, 0],
      [0x7f],
      [0xc0, 0xbb, 0x78],
    ]);
  });
});

describe('a module', () => {
  it('runs a loop over bytes of its memory', () => {
    // Writes so many bytes from an address on: each its own address, modulo 256.
    const count = {
      parameters: ['i32', 'i32'] as const,
      locals: [],
      code: loop(
        i32.storeByte(get(0), get(0)),
        set(0, i32.add(get(0), int(1))),
        set(1, i32.sub(get(1), int(1))),
        repeatIf(i32.less(int(0), get(1))),
      ),
    };
    const { count: run, memory } = instantiate<{ count: (at: number, bytes: number) => void }>({ count }, 2);
    expect(memory.buffer.byteLength).toBe(2 * PAGE_BYTES);
    run(300, 3);
    expect([...new Uint8Array(memory.buffer, 299, 5)]).toEqual([0, 44, 45, 46, 0]);
  });

  it('works on two float64 at a time, kept as float32, at offsets above 127 as well', () => {
    const half = {
      parameters: ['f64'] as const,
      locals: [[1, 'v128']] as const,
      code: [
        ...set(1, f64x2.mul(f64x2.loadFloats(int(0), 200), f64x2.splat(get(0)))),
        ...f64x2.storeFloats(int(0), f64x2.sqrt(get(1)), 208),
        ...v128.store(int(0), get(1), 400),
      ],
    };
    const { half: run, memory } = instantiate<{ half: (factor: number) => void }>({ half });
    new Float32Array(memory.buffer, 200, 2).set([8, 0.1]);
    run(0.5);
    expect([...new Float32Array(memory.buffer, 208, 2)]).toEqual([2, Math.fround(Math.sqrt(Math.fround(0.1) * 0.5))]);
    expect([...new Float64Array(memory.buffer, 400, 2)]).toEqual([4, Math.fround(0.1) * 0.5]);
  });

  it('is refused by WebAssembly where its code leaves a value behind', () => {
    const broken = { parameters: [], locals: [], code: int(1) };
    expect(() => instantiate<{ broken: () => void }>({ broken })).toThrow('expected 0 elements on the stack');
    expect(encodeModule({ broken }).subarray(0, 4)).toEqual(Uint8Array.from([0, 0x61, 0x73, 0x6d]));
  });
});
