// Plain float64 arrays with a shape: the reference that the graph's operations are tested against, as slow and as plain as can be.

/** A row-major array. */
export interface Nd {
  shape: readonly number[];
  data: Float64Array;
}

/** Product of the dimensions. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);

/** An array from its shape and a function of the multi-index. */
export function nd(shape: readonly number[], value: (index: number[]) => number): Nd {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let flat = 0; flat < data.length; flat++) {
    let rest = flat;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    data[flat] = value(index);
  }
  return { shape, data };
}

/** The value at a multi-index; axes of 1 and missing leading axes broadcast. */
export function at({ shape, data }: Nd, index: readonly number[]): number {
  const skipped = index.length - shape.length;
  let flat = 0;
  shape.forEach((dim, axis) => (flat = flat * dim + (dim === 1 ? 0 : index[skipped + axis]!)));
  return data[flat]!;
}

/** NumPy's broadcast of shapes. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}

/** A function of each value. */
export const map = (x: Nd, f: (value: number) => number): Nd => ({ shape: x.shape, data: x.data.map(f) });

/** A function of each pair of values, broadcast. */
export function zip(a: Nd, b: Nd, f: (x: number, y: number) => number): Nd {
  return nd(broadcastShape(a.shape, b.shape), (index) => f(at(a, index), at(b, index)));
}

/** Sum over axes. */
export function sum(x: Nd, axes: readonly number[], keepdims: boolean): Nd {
  const places = new Set(axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis)));
  const kept = nd(
    x.shape.map((dim, axis) => (places.has(axis) ? 1 : dim)),
    () => 0,
  );
  nd(x.shape, (index) => {
    let flat = 0;
    kept.shape.forEach((dim, axis) => (flat = flat * dim + (dim === 1 ? 0 : index[axis]!)));
    kept.data[flat]! += at(x, index);
    return 0;
  });
  return keepdims ? kept : { shape: x.shape.filter((_, axis) => !places.has(axis)), data: kept.data };
}

/** Axes in another order. */
export function permute(x: Nd, perm: readonly number[]): Nd {
  return nd(
    perm.map((axis) => x.shape[axis]!),
    (index) => {
      const source = x.shape.map(() => 0);
      perm.forEach((axis, place) => (source[axis] = index[place]!));
      return at(x, source);
    },
  );
}

/** The last two axes exchanged. */
export function turn(x: Nd): Nd {
  const perm = x.shape.map((_, axis) => axis);
  const rank = perm.length;
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return permute(x, perm);
}

/** Product over the last two axes; leading axes broadcast. */
export function product(a: Nd, b: Nd): Nd {
  const inner = a.shape.at(-1)!;
  const leading = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return nd([...leading, a.shape.at(-2)!, b.shape.at(-1)!], (index) => {
    const [row, column] = index.slice(-2) as [number, number];
    const before = index.slice(0, -2);
    let total = 0;
    for (let k = 0; k < inner; k++) total += at(a, [...before, row, k]) * at(b, [...before, k, column]);
    return total;
  });
}

/** Exponentials over the last axis, divided by their sum. */
export function softmaxOf(x: Nd): Nd {
  const e = map(x, Math.exp);
  return zip(e, sum(e, [-1], true), (value, total) => value / total);
}

/** The error function by its power series; good to 1e-13 for |x| < 4. */
export function erfOf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 120; n++) {
    term *= -(x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** `z · Φ(z)`. */
export function geluOf(z: number): number {
  return (z / 2) * (1 + erfOf(z / Math.SQRT2));
}
