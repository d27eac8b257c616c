// Compares arrays of numbers within a tolerance and tells where they differ most.

/** Tolerances: a value passes when |actual − expected| ≤ atol + rtol · |expected|. */
export interface Tolerance {
  rtol?: number;
  atol?: number;
  /** Put before the message: what was compared, and the seed it was made from. */
  label?: string;
}

/** Throws when the arrays differ in length or in a value; the message names the worst index, both values and the error. */
export function expectAllclose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-5, atol = 1e-6, label = 'arrays' }: Tolerance = {},
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${label}: lengths differ, got ${actual.length}, expected ${expected.length}`);
  }
  let worst = { index: -1, excess: 0 };
  let failures = 0;
  for (let i = 0; i < expected.length; i++) {
    const allowed = atol + rtol * Math.abs(expected[i]!);
    const error = Math.abs(actual[i]! - expected[i]!);
    if (error <= allowed) continue;
    failures++;
    const excess = Number.isNaN(error) ? Infinity : error / allowed;
    if (worst.index < 0 || excess > worst.excess) worst = { index: i, excess };
  }
  if (failures === 0) return;
  const { index, excess } = worst;
  throw new Error(
    `${label}: ${failures} of ${expected.length} values differ by more than rtol ${rtol}, atol ${atol}; ` +
      `worst at index ${index}: got ${actual[index]}, expected ${expected[index]} (${excess.toPrecision(3)} times the tolerance)`,
  );
}

/** Largest |actual − expected| divided by the largest |expected|: the error of a whole tensor. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    throw new Error(`relativeError: lengths differ, got ${actual.length}, expected ${expected.length}`);
  }
  let error = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(difference)) return Infinity;
    error = Math.max(error, difference);
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return size === 0 ? error : error / size;
}

/** Dot product over norms of two vectors. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}
