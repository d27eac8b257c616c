// The generator behind everything that is drawn (batch order, first weights, resampling): xoshiro128** 1.1 of Blackman and Vigna
// (https://prng.di.unimi.it/). All it gives is a function of its key; nothing of it is kept, so a resumed run needs no generator state.

/** Numbers from a stream that its key decides. */
export interface RandomStream {
  /** The next 32 bits, as an unsigned integer. */
  next(): number;
  /** The next number in [0, 1), 32 bits of resolution. */
  fraction(): number;
  /** A whole number in [0, limit), each as likely. */
  below(limit: number): number;
}

/** The stream of a key, e.g. `(seed, epoch)`, through MurmurHash3's finalizer; every part is a whole number from 0 to 2^53. */
export function randomStream(...key: readonly number[]): RandomStream {
  let mixed = 0x9e3779b9;
  for (const part of key) {
    mixed = mix(mixed ^ (part >>> 0));
    mixed = mix(mixed ^ (Math.floor(part / 2 ** 32) >>> 0));
  }
  return streamFrom(Uint32Array.from({ length: 4 }, (_, i) => mix(mixed + Math.imul(i + 1, 0x9e3779b9))));
}

/** The stream that begins at a state of four 32-bit words; the state is taken over. */
export function streamFrom(state: Uint32Array): RandomStream {
  if (state.length !== 4) throw new RangeError(`streamFrom: a state has four words, got ${state.length}`);
  if (state.every((word) => word === 0)) state[0] = 1; // the one state that gives nothing but zeros

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
  return { next, fraction: () => next() / 2 ** 32, below };
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
