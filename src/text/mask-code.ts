// The inner loop of dropout masks as WebAssembly: sixteen elements at a time, which JavaScript cannot. Integers alone: the same
// bytes on every machine. The hash of a pair of elements, by two words of key (they enter before both rounds, so that two texts' masks are never
// shifts of one another):
//   x = pair·0x9e3779b1 ^ key0;  x = (x ^ x≫16)·0x7feb352d + key1;  x = (x ^ x≫15)·0x846ca68b;  x ^ x≫16
import {
  get,
  i16x8,
  i32,
  i32x4,
  i8x16,
  int,
  loop,
  repeatIf,
  select,
  set,
  v128,
  when,
  type Code,
} from '../wasm/expressions.js';
import { instantiate, PAGE_BYTES, type WasmFunction } from '../wasm/module.js';

/** Bytes that {@link MaskCode.writeRows} needs before its rows, and after them for zeros. */
export const MARGIN = 16;

/** The compiled module. */
export interface MaskCode {
  /**
   * Writes rows of a mask at the address `at`: `length` elements, counted from `first` over all rows, then zeros up to `stride` bytes.
   * An element is 0 when its half of its pair's hash, the low one for an even element, is below the threshold (0 to 65,535), else 1.
   */
  writeRows(
    at: number,
    rows: number,
    stride: number,
    length: number,
    first: number,
    threshold: number,
    key0: number,
    key1: number,
  ): void;
  /** So many bytes of its memory; the ones given before may not be used any more. */
  memory(bytes: number): Uint8Array;
}

const PARAMETERS = 8;
const [AT, ROWS, STRIDE, LENGTH, FIRST, THRESHOLD, KEY0, KEY1] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
// Integers, then vectors.
const [PLACE, LEFT, END, BEFORE] = [8, 9, 10, 11] as const;
const [PAIRS, HASH, KEYS0, KEYS1, THRESHOLDS] = [12, 13, 14, 15, 16] as const;

const GOLDEN = 0x9e3779b1;
const bytesOf = (words: number[]): number[] => [...new Uint8Array(Int32Array.from(words).buffer)];
const each = (factor: number): Code => i32x4.splat(int(factor));
const folded = (shift: number): Code => v128.xor(get(HASH), i32x4.shiftRight(get(HASH), int(shift)));

/** The hashes of four pairs, whose numbers come multiplied by GOLDEN. */
const hashPairs = (pairs: Code): Code => [
  ...set(HASH, v128.xor(pairs, get(KEYS0))),
  ...set(HASH, i32x4.add(i32x4.multiply(folded(16), each(0x7feb352d)), get(KEYS1))),
  ...set(HASH, i32x4.multiply(folded(15), each(0x846ca68b))),
  ...folded(16),
];
/** −1 for each of eight elements that stays: the halves of the hashes lie in the elements' order. */
const keeps = (pairs: Code): Code => i16x8.atLeastUnsigned(hashPairs(pairs), get(THRESHOLDS));
const LANES = v128.constant(Array.from({ length: 16 }, (_, lane) => lane));
const kept = v128.and(
  i8x16.narrow(keeps(get(PAIRS)), keeps(i32x4.add(get(PAIRS), each(4 * GOLDEN)))),
  v128.and(
    i8x16.less(LANES, i8x16.splat(select(int(16), get(LEFT), i32.less(int(16), get(LEFT))))),
    i8x16.splat(int(1)),
  ),
);
const nextPlace = set(PLACE, i32.add(get(PLACE), int(16)));

const code: Code = [
  ...set(KEYS0, i32x4.splat(get(KEY0))),
  ...set(KEYS1, i32x4.splat(get(KEY1))),
  ...set(THRESHOLDS, i16x8.splat(get(THRESHOLD))),
  ...loop(
    // A row that begins with the second element of a pair is written from the first one on, and the byte before it put back.
    set(BEFORE, i32.loadByte(i32.sub(get(AT), int(1)))),
    set(PLACE, i32.sub(get(AT), i32.and(get(FIRST), int(1)))),
    set(END, i32.add(get(AT), get(STRIDE))),
    set(LEFT, i32.sub(i32.add(get(AT), get(LENGTH)), get(PLACE))),
    set(PAIRS, i32x4.add(i32x4.splat(i32.shiftRight(get(FIRST), int(1))), v128.constant(bytesOf([0, 1, 2, 3])))),
    set(PAIRS, i32x4.multiply(get(PAIRS), each(GOLDEN))),
    loop(
      v128.store(get(PLACE), kept),
      set(PAIRS, i32x4.add(get(PAIRS), each(8 * GOLDEN))),
      nextPlace,
      set(LEFT, i32.sub(get(LEFT), int(16))),
      repeatIf(i32.less(int(0), get(LEFT))),
    ),
    when(
      i32.less(get(PLACE), get(END)),
      loop(
        v128.store(get(PLACE), v128.constant(bytesOf([0, 0, 0, 0]))),
        nextPlace,
        repeatIf(i32.less(get(PLACE), get(END))),
      ),
    ),
    i32.storeByte(i32.sub(get(AT), int(1)), get(BEFORE)),
    set(AT, get(END)),
    set(FIRST, i32.add(get(FIRST), get(LENGTH))),
    set(ROWS, i32.sub(get(ROWS), int(1))),
    repeatIf(i32.less(int(0), get(ROWS))),
  ),
];

const writeRows: WasmFunction = {
  parameters: Array<'i32'>(PARAMETERS).fill('i32'),
  locals: [
    [PAIRS - PARAMETERS, 'i32'],
    [THRESHOLDS - PAIRS + 1, 'v128'],
  ],
  code,
};

/** Compiles the module, with a memory of its own. */
export function compileMaskCode(): MaskCode {
  const { writeRows: run, memory } = instantiate<Pick<MaskCode, 'writeRows'>>({ writeRows });
  return {
    writeRows: run,
    memory(bytes) {
      const missing = bytes - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
      return new Uint8Array(memory.buffer, 0, bytes);
    },
  };
}
