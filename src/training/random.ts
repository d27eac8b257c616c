// The generator behind batch order: xoshiro128** 1.1, seeded through MurmurHash3's finalizer (Blackman and Vigna, https://prng.di.unimi.it/). Everything it
// gives is a function of its key; nothing of it is kept between epochs, so a resumed run needs no generator state.

/** Whole numbers from a stream that its key decides. */
export interface RandomStream {
  /** The next 32 bits, as an unsigned integer. */
  next(): number;
  /** A whole number in [0, limit), each as likely. */
  below(limit: number): number;
}

/** The stream of a key, e.g. `(seed, epoch)`; every part is a whole number from 0 to 2^53. */
export function randomStream(...key: readonly number[]): RandomStream {
  let mixed = 0x9e3779b9;
  for (const part of key) {
    mixed = mix(mixed ^ (part >>> 0));
    mixed = mix(mixed ^ (Math.floor(part / 2 ** 32) >>> 0));
  }
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) state[i] = mix(mixed + Math.imul(i + 1, 0x9e3779b9));
  if (state.every((word) => word === 0)) state[0] = 1;

  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(state[1]!, 5), 7), 9) >>> 0;
    const shifted = state[1]! << 9;
    state[2]! ^= state[0]!;
    state[3]! ^= state[1]!;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= shifted;
    state[3] = rotate(state[3]!, 11);
    return result;
  };
  const below = (limit: number): number => {
    const whole = 2 ** 32 - (2 ** 32 % limit); // the largest multiple of limit: what is above it would favour small numbers
    for (;;) {
      const word = next();
      if (word < whole) return word % limit;
    }
  };
  return { next, below };
}

/** The numbers 0 … count − 1 in a random order (Fisher–Yates, from the end). */
export function permutation(count: number, random: RandomStream): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** Finalizer of MurmurHash3: every bit of the input moves every bit of the result. */
function mix(word: number): number {
  let h = word >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function rotate(word: number, by: number): number {
  return ((word << by) | (word >>> (32 - by))) >>> 0;
}
