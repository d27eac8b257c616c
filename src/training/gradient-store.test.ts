import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { GradientStore } from './gradient-store.js';
import type { Parameter } from './training-engine.js';

const TABLES = [
  { parameter: 'words', index: 'input_ids', rows: 11 },
  { parameter: 'places', index: 'position_ids', rows: 5 },
  { parameter: 'types', index: null, rows: 2 },
] as const;

/** Adds rows token by token in plain TypeScript, each sum rounded to float32. */
function addPlainly(sums: Float32Array, gradient: Float32Array, rows: ArrayLike<number>, width: number): void {
  for (let token = 0; token < rows.length; token++) {
    for (let i = 0; i < width; i++) sums[rows[token]! * width + i]! += gradient[token * width + i]!;
  }
}

describe('GradientStore', () => {
  // Rows of 3, 6 and 7 values do not end where four do; 4,000 tokens are more than the block of a module holds.
  it.each([3, 4, 6, 7, 384])('adds rows of %i values to the tables in the order of the tokens', (width) => {
    const parameters: Parameter[] = TABLES.map(({ parameter: name, rows }) => {
      return { name, shape: [rows, width], data: new Float32Array(rows * width), decay: true };
    });
    const store = new GradientStore(parameters, TABLES, width);
    const stream = randomStream(4, width);
    const tokens = 4000;
    const expected = TABLES.map(({ rows }) => new Float32Array(rows * width));
    for (let microBatch = 0; microBatch < 2; microBatch++) {
      // The pad token at the end belongs to no row.
      const gradient = Float32Array.from({ length: (tokens + 1) * width }, () => stream.fraction() - 0.5);
      const ids = Int32Array.from({ length: tokens }, () => 2 + stream.below(8));
      const places = ids.map((_, token) => token % 5);
      store.addEmbedded(gradient, { tokens, input_ids: ids, position_ids: places });
      [ids, places, new Int32Array(tokens)].forEach((rows, at) => addPlainly(expected[at]!, gradient, rows, width));
    }
    expect([...store.result().values()]).toEqual(expected);
    expect([...store.touchedRows().values()].map((rows) => [...rows])).toEqual([
      [2, 3, 4, 5, 6, 7, 8, 9],
      [0, 1, 2, 3, 4],
      [0],
    ]);
    store.clear();
    expect([...store.result().values()].every((values) => values.every((value) => value === 0))).toBe(true);
  });
});
