// The two 16-bit float formats that weights are stored in, widened to float32 (exact for every value):
// IEEE 754 binary16 (1 sign, 5 exponent, 10 fraction bits) and bfloat16 (the upper half of a float32).

/** Widens IEEE binary16 values, given as their bits. */
export function halfToFloat(bits: Uint16Array): Float32Array {
  const table = halfTable();
  const floats = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) floats[i] = table[bits[i]!]!;
  return floats;
}

/** Widens bfloat16 values, given as their bits. */
export function bfloatToFloat(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

let table: Float32Array | undefined;

/** The float of each of the 65,536 bit patterns, made at the first use. */
function halfTable(): Float32Array {
  if (table) return table;
  table = new Float32Array(1 << 16);
  for (let bits = 0; bits < table.length; bits++) table[bits] = half(bits);
  return table;
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24; // subnormal
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
