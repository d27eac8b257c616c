// A histogram of one group of tensors, in a form that TensorBoard's histogram events take: limits and counts of the buckets that hold
// something, and the sums that give mean and deviation. Buckets grow by 10 % from 1e-12 on either side of zero, as TensorBoard's own.

/** Counts by bucket: `counts[i]` values are at most `limits[i]` and above the limit before. */
export interface Histogram {
  min: number;
  max: number;
  count: number;
  sum: number;
  sumOfSquares: number;
  limits: number[];
  counts: number[];
}

const LIMITS = bucketLimits();
const CELL_SHIFT = 15;
/** One double and its two words, the low one first. */
const DOUBLE = new Float64Array(1);
const HALVES = new Uint32Array(DOUBLE.buffer);
let firstBucketsMade: Uint16Array | undefined;

/** The histogram of all values of several arrays, each multiplied by `scale`. */
export function histogramOf(arrays: readonly Float32Array[], scale = 1): Histogram {
  const firstBucket = (firstBucketsMade ??= firstBuckets());
  const counts = new Float64Array(LIMITS.length);
  let zeros = 0;
  let min = Infinity;
  let max = -Infinity;
  let count = 0;
  let sum = 0;
  let sumOfSquares = 0;
  for (const array of arrays) {
    for (let i = 0; i < array.length; i++) {
      const value = array[i]! * scale;
      if (value === 0) {
        // Most of a word embedding's gradient.
        zeros++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
      sumOfSquares += value * value;
      counts[bucketOf(value, firstBucket)]!++;
    }
    count += array.length;
  }
  if (zeros > 0) {
    counts[ZERO]! += zeros;
    min = Math.min(min, 0);
    max = Math.max(max, 0);
  }
  const limits: number[] = [];
  const kept: number[] = [];
  counts.forEach((n, i) => {
    if (n === 0) return;
    // The bucket before a filled one is kept too, so that the filled one's lower edge can be seen.
    const before = LIMITS[i - 1];
    if (before !== undefined && limits.at(-1) !== before) {
      limits.push(before);
      kept.push(0);
    }
    limits.push(LIMITS[i]!);
    kept.push(n);
  });
  return { min: count ? min : 0, max: count ? max : 0, count, sum, sumOfSquares, limits, counts: kept };
}

/** First bucket whose limit is not below the value. */
function bucketOf(value: number, firstBucket: Uint16Array): number {
  DOUBLE[0] = value;
  let bucket = firstBucket[HALVES[1]! >>> CELL_SHIFT]!;
  // A cell is narrower than a bucket: no more than one limit lies inside it.
  while (bucket < LIMITS.length - 1 && LIMITS[bucket]! < value) bucket++;
  return bucket;
}

/** By the leading bits of a value (sign, exponent and 5 bits of the fraction): the bucket of the smallest value that has them. */
function firstBuckets(): Uint16Array {
  const buckets = new Uint16Array(2 ** (32 - CELL_SHIFT));
  for (let cell = 0; cell < buckets.length; cell++) {
    // Below zero the smallest value is the one whose further bits are all set.
    const rest = cell < buckets.length / 2 ? 0 : 0xffffffff;
    HALVES[1] = (cell << CELL_SHIFT) | (rest >>> (32 - CELL_SHIFT));
    HALVES[0] = rest;
    buckets[cell] = searchBucket(DOUBLE[0]!);
  }
  return buckets;
}

function searchBucket(value: number): number {
  let low = 0;
  let high = LIMITS.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (LIMITS[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bucketLimits(): Float64Array {
  const positive: number[] = [];
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit);
  return Float64Array.from([...positive.map((limit) => -limit).reverse(), 0, ...positive, Number.MAX_VALUE]);
}

const ZERO = LIMITS.indexOf(0);
