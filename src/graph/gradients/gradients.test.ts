import { describe, expect, test } from 'vitest';
import { add, cast, gather, input, mul, neg, reduceSum, split } from '../build.js';
import { gradients } from './gradients.js';
import { topologicalOrder } from '../tensor.js';

const x = input('x', 'float32', ['n', 3]);
const total = (y: typeof x): typeof x => reduceSum(y, { axes: [0, 1], keepdims: false });

describe('gradients', () => {
  test('of a tensor that is read twice are summed', () => {
    const [dx] = gradients([{ output: total(mul(x, x)) }], [x]);
    expect(dx!.node.op).toBe('Add');
    expect(dx!.shape).toEqual(['n', 3]);
  });

  test('begin at a given seed', () => {
    const seed = input('seed', 'float32', ['n', 3]);
    const [dx] = gradients([{ output: neg(x), seed }], [x]);
    expect(topologicalOrder([dx!]).map((node) => node.op)).toEqual(['Input', 'Neg']);
  });

  test('stop at the tensors that were asked for, as leaves', () => {
    const middle = mul(x, x);
    const [dMiddle] = gradients([{ output: total(neg(middle)) }], [middle]);
    expect(topologicalOrder([dMiddle!]).some((node) => node.op === 'Mul')).toBe(false);
  });

  test('are refused where an operation lets none through, with its name', () => {
    const flags = input('flags', 'uint8', ['n', 3]);
    expect(() => gradients([{ output: total(cast(flags, 'float32')) }], [flags])).toThrow(
      'gradients: no differentiable way leads to Input [n,3]',
    );
    const table = input('table', 'float32', [9, 3]);
    const rows = gather(table, input('index', 'int32', ['n']));
    expect(() => gradients([{ output: total(rows) }], [table])).toThrow('no differentiable way');
    expect(gradients([{ output: total(rows) }], [rows])[0]!.shape).toEqual(['n', 3]);
  });

  test('pass by what is not asked for', () => {
    const y = input('y', 'float32', ['n', 3]);
    const [dx] = gradients([{ output: total(add(mul(x, y), neg(y))) }], [x]);
    expect(topologicalOrder([dx!]).some((node) => node.op === 'Neg')).toBe(false);
  });

  test('of a seed with another shape are refused', () => {
    const seed = input('seed', 'float32', ['m', 3]);
    expect(() => gradients([{ output: neg(x), seed }], [x])).toThrow('got [m,3] for [n,3] of Neg');
  });

  test('of one part of a split are zero in the others', () => {
    const [first] = split(x, 0, 2, 'half');
    const [dx] = gradients([{ output: total(first!) }], [x]);
    expect(dx!.shape).toEqual(['n', 3]);
    expect(topologicalOrder([dx!]).filter((node) => node.op === 'Fill')).not.toHaveLength(0);
  });
});
