// Scores of a block of questions against a block of documents: the one heavy step of exact search, behind a type small enough
// that a native matrix product can stand in for the plain one. The plain one walks 4 × 4 tiles so that each loaded number is used
// four times, sums in double precision in the order of the dimension and rounds once: a score does not depend on its tile or block.

/**
 * Fills `scores` [rows, columns] with the dot products of each row of `queries` [rows, dimension] with each row of
 * `documents` [columns, dimension]; all float32, row-major. `scores` may be longer than rows × columns.
 */
export type BlockProduct = (block: {
  queries: Float32Array;
  documents: Float32Array;
  dimension: number;
  scores: Float32Array;
}) => void | Promise<void>;

/** The plain {@link BlockProduct}. */
export const plainBlockProduct: BlockProduct = ({ queries, documents, dimension, scores }) => {
  const rows = queries.length / dimension;
  const columns = documents.length / dimension;
  const wholeRows = rows - (rows % 4);
  const wholeColumns = columns - (columns % 4);
  for (let column = 0; column < wholeColumns; column += 4) {
    for (let row = 0; row < wholeRows; row += 4) tile(queries, documents, dimension, scores, row, column, columns);
  }
  for (let row = 0; row < rows; row++) {
    const first = row < wholeRows ? wholeColumns : 0;
    for (let column = first; column < columns; column++) {
      scores[row * columns + column] = dot(queries, row * dimension, documents, column * dimension, dimension);
    }
  }
};

/** Dot product of two float32 rows, summed in double precision from the first element on. */
export function dot(a: Float32Array, aStart: number, b: Float32Array, bStart: number, dimension: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) sum += a[aStart + i]! * b[bStart + i]!;
  return sum;
}

function tile(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  out: Float32Array,
  row: number,
  column: number,
  columns: number,
): void {
  const a0 = row * dimension;
  const a1 = a0 + dimension;
  const a2 = a1 + dimension;
  const a3 = a2 + dimension;
  const b0 = column * dimension;
  const b1 = b0 + dimension;
  const b2 = b1 + dimension;
  const b3 = b2 + dimension;
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0; // prettier-ignore
  let s10 = 0, s11 = 0, s12 = 0, s13 = 0; // prettier-ignore
  let s20 = 0, s21 = 0, s22 = 0, s23 = 0; // prettier-ignore
  let s30 = 0, s31 = 0, s32 = 0, s33 = 0; // prettier-ignore
  for (let i = 0; i < dimension; i++) {
    const y0 = b[b0 + i]!;
    const y1 = b[b1 + i]!;
    const y2 = b[b2 + i]!;
    const y3 = b[b3 + i]!;
    const x0 = a[a0 + i]!;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    const x1 = a[a1 + i]!;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    const x2 = a[a2 + i]!;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    const x3 = a[a3 + i]!;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  let o = row * columns + column;
  out[o] = s00;
  out[o + 1] = s01;
  out[o + 2] = s02;
  out[o + 3] = s03;
  o += columns;
  out[o] = s10;
  out[o + 1] = s11;
  out[o + 2] = s12;
  out[o + 3] = s13;
  o += columns;
  out[o] = s20;
  out[o + 1] = s21;
  out[o + 2] = s22;
  out[o + 3] = s23;
  o += columns;
  out[o] = s30;
  out[o + 1] = s31;
  out[o + 2] = s32;
  out[o + 3] = s33;
}
