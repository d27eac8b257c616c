// Instructions of WebAssembly as nested expressions (https://webassembly.github.io/spec/core/binary/instructions.html): what the project's
// inner loops need and no more. An expression is its bytes; operands come before their operation, as on the stack. Numbers are integers of
// 32 bits and vectors of 128; every operation rounds as IEEE 754 does and none is joined with another, so results are the same everywhere.

/** Instructions that leave a value, or none, on the stack. */
export type Code = readonly number[];

/** A whole number from 0 in LEB128. */
export const unsigned = (value: number): Code =>
  value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];

/** A whole number of 32 bits in signed LEB128. */
export const signed = (value: number): Code =>
  value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];

/** A constant integer. */
export const int = (value: number): Code => [0x41, ...signed(value | 0)];
/** The value of a local; parameters come first. */
export const get = (local: number): Code => [0x20, ...unsigned(local)];
/** Gives a local a value. */
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
/** A body that runs once, and again at each {@link repeatIf} directly in it. */
export const loop = (...body: readonly Code[]): Code => [0x03, 0x40, ...body.flat(), 0x0b];
/** Begins the innermost loop again where the condition is not 0. */
export const repeatIf = (condition: Code): Code => [...condition, 0x0d, 0];
/** Runs the body where the condition is not 0. */
export const when = (condition: Code, ...body: readonly Code[]): Code => [
  ...[...condition, 0x04, 0x40],
  ...[...body.flat(), 0x0b],
];
/** One of two values by a condition. */
export const select = (yes: Code, no: Code, condition: Code): Code => [...yes, ...no, ...condition, 0x1b];

const one =
  (...opcode: number[]) =>
  (a: Code): Code => [...a, ...opcode];
const two =
  (...opcode: number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode];
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

/** Integers of 32 bits. */
export const i32 = {
  add: two(0x6a),
  sub: two(0x6b),
  and: two(0x71),
  /** Zeros come in from the left. */
  shiftRight: two(0x76),
  /** 1 where the first is less, both with sign. */
  less: two(0x48),
  /** 1 where the first is less, both from 0 to 2³² − 1, as addresses are. */
  lessUnsigned: two(0x49),
  loadByte: (address: Code): Code => [...address, 0x2d, 0, 0],
  storeByte: two(0x3a, 0, 0),
};

/** Vectors of any lanes; addresses are bytes, offsets are added to them. */
export const v128 = {
  constant: (bytes: readonly number[]): Code => [...simd(12), ...bytes],
  load: (address: Code, offset = 0): Code => [...address, ...simd(0), 0, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...simd(11), 0, ...unsigned(offset)],
  and: two(...simd(78)),
  xor: two(...simd(81)),
};

/** Sixteen bytes. */
export const i8x16 = {
  splat: one(...simd(15)),
  /** −1 where the first is less, with sign. */
  less: two(...simd(37)),
  /** Sixteen lanes of two operands, 0 or −1 each, as bytes. */
  narrow: two(...simd(101)),
};

/** Eight integers of 16 bits. */
export const i16x8 = { splat: one(...simd(16)), atLeastUnsigned: two(...simd(54)) };

/** Four integers of 32 bits. */
export const i32x4 = {
  splat: one(...simd(17)),
  shiftRight: two(...simd(173)),
  add: two(...simd(174)),
  multiply: two(...simd(181)),
};

/** Four float32. */
export const f32x4 = { add: two(...simd(228)) };

/** Two float64, in memory as float32. */
export const f64x2 = {
  splat: one(...simd(20)),
  loadFloats: (address: Code, offset = 0): Code => [...address, ...simd(93), 0, ...unsigned(offset), ...simd(95)],
  storeFloats: (address: Code, value: Code, offset = 0): Code => [
    ...[...address, ...value, ...simd(94)],
    ...[...simd(91), 0, ...unsigned(offset), 0],
  ],
  sqrt: one(...simd(239)),
  add: two(...simd(240)),
  sub: two(...simd(241)),
  mul: two(...simd(242)),
  div: two(...simd(243)),
};
