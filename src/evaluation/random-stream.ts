// A small seeded generator for resampling (sfc32 of Chris Doty-Humphrey's PractRand): same seed, same numbers, everywhere.

/** A function that gives the next number in [0, 1), 32 bits of resolution. */
export function randomStream(seed: number): () => number {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // The first numbers of similar seeds are alike: let them mix.
  for (let i = 0; i < 15; i++) next();
  return next;
}
