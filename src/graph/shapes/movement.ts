// Shapes of operations that move values and compute none.
import type { Op } from '../ops.js';
import { sameShape, type Dim } from '../tensor.js';
import { axisOf, broadcast, input, knownSize, need, needRank, type ShapeRule } from './shape-rule.js';

export const movementShapes = {
  Reshape: (inputs, { shape }) => {
    const x = input('Reshape', inputs, 0);
    const symbolic = [...x.shape, ...shape].some((dim) => typeof dim === 'string');
    need('Reshape', symbolic || knownSize(x.shape) === knownSize(shape), 'sizes differ', x.shape, shape);
    return [{ shape, dtype: x.dtype }];
  },
  Transpose: (inputs, { perm }) => {
    const x = input('Transpose', inputs, 0);
    const isPermutation = [...perm].sort((a, b) => a - b).every((axis, place) => axis === place);
    need('Transpose', isPermutation && perm.length === x.shape.length, `[${perm.join(',')}] does not permute`, x.shape);
    return [{ shape: perm.map((axis) => x.shape[axis]!), dtype: x.dtype }];
  },
  Concat: (inputs, { axis }) => {
    const first = input('Concat', inputs, 0);
    const place = axisOf('Concat', axis, first.shape);
    const shape = [...first.shape];
    for (const x of inputs.slice(1)) {
      const others = x.shape.map((dim, at) => (at === place ? shape[place]! : dim));
      need('Concat', sameShape(others, shape), `shapes differ beside axis ${axis}`, first.shape, x.shape);
      shape[place] = joined(shape[place]!, x.shape[place]!);
    }
    return [{ shape, dtype: first.dtype }];
  },
  Split: (inputs, { axis, parts, dim }) => {
    const x = input('Split', inputs, 0);
    const place = axisOf('Split', axis, x.shape);
    const whole = x.shape[place]!;
    const fits = typeof whole === 'string' || typeof dim === 'string' || whole === parts * dim;
    need('Split', fits, `axis ${axis} is not ${parts} parts of ${dim}`, x.shape);
    const shape = x.shape.map((old, at) => (at === place ? dim : old));
    return Array.from({ length: parts }, () => ({ shape, dtype: x.dtype }));
  },
  Slice: (inputs, { axis, start, end }) => {
    const x = input('Slice', inputs, 0);
    const place = axisOf('Slice', axis, x.shape);
    const whole = x.shape[place]!;
    const fits = start >= 0 && end >= start && (typeof whole === 'string' || end <= whole);
    need('Slice', fits, `${start} to ${end} is outside axis ${axis}`, x.shape);
    return [{ shape: x.shape.map((dim, at) => (at === place ? end - start : dim)), dtype: x.dtype }];
  },
  Expand: (inputs, { shape }) => {
    const x = input('Expand', inputs, 0);
    need('Expand', sameShape(broadcast('Expand', x.shape, shape), shape), 'shape does not expand', x.shape, shape);
    return [{ shape, dtype: x.dtype }];
  },
  Gather: (inputs) => {
    const [table, index] = [input('Gather', inputs, 0), input('Gather', inputs, 1)];
    return [{ shape: [...index.shape, ...table.shape.slice(1)], dtype: table.dtype }];
  },
  PackedToGroups: (inputs, { groups }) => {
    const rows = input('PackedToGroups', inputs, 0);
    needRank('PackedToGroups', rows, 2);
    input('PackedToGroups', inputs, groups + 1);
    return inputs.slice(1, 1 + groups).map((index) => ({ shape: [...index.shape, rows.shape[1]!], dtype: rows.dtype }));
  },
  GroupsToPacked: (inputs, { groups }) => {
    const [first, index] = [input('GroupsToPacked', inputs, 0), input('GroupsToPacked', inputs, groups)];
    input('GroupsToPacked', inputs, 2 * groups);
    needRank('GroupsToPacked', index, 2);
    return [{ shape: [...index.shape, first.shape.at(-1)!], dtype: first.dtype }];
  },
} satisfies { [K in Op]?: ShapeRule<K> };

/** `a + b`, as a name when either is one. */
function joined(a: Dim, b: Dim): Dim {
  return typeof a === 'number' && typeof b === 'number' ? a + b : `${a}+${b}`;
}
