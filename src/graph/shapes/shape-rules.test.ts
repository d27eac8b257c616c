import { describe, expect, test } from 'vitest';
import * as g from '../build.js';

const x = (...shape: (number | string)[]): ReturnType<typeof g.input> => g.input('x', 'float32', shape);

describe('shape rules', () => {
  test.each<[string, () => unknown, string]>([
    [
      'inner dims of a product',
      () => g.matMul(x(8, 384), x(512, 768)),
      'MatMul: inner dims differ, got [8,384] and [512,768]',
    ],
    ['named inner dims', () => g.gemm(x('n', 'm'), x('n', 2)), 'Gemm: inner dims differ, got [n,m] and [n,2]'],
    ['broadcasts', () => g.add(x(2, 3), x(2)), 'Add: shapes do not broadcast, got [2,3] and [2]'],
    ['a name against a number', () => g.mul(x('n'), x(3)), 'Mul: shapes do not broadcast, got [n] and [3]'],
    ['types', () => g.add(x(2), g.input('i', 'int64', [2])), 'Add: needs inputs of one type, got float32 and int64'],
    ['sizes of a reshape', () => g.reshape(x(2, 3), [4]), 'Reshape: sizes differ, got [2,3] and [4]'],
    ['permutations', () => g.transpose(x(2, 3), [0, 0]), 'Transpose: [0,0] does not permute, got [2,3]'],
    [
      'concatenation',
      () => g.concat([x(2, 3), x(3, 4)], 0),
      'Concat: shapes differ beside axis 0, got [2,3] and [3,4]',
    ],
    ['slices', () => g.slice(x(2, 3), 1, 1, 4), 'Slice: 1 to 4 is outside axis 1, got [2,3]'],
    ['axes', () => g.reduceSum(x(2, 3), { axes: [2] }), 'ReduceSum: axis 2 is out of range, got [2,3]'],
    ['expansion', () => g.expand(x(2), [3]), 'Expand: shapes do not broadcast, got [2] and [3]'],
    ['a bias', () => g.linear(x('n', 4), x(4, 3), x(4)), 'Linear: bias does not fit, got [4,3] and [4]'],
    ['layer normalization', () => g.layerNormalization(x(2, 4), x(3), x(4), 1e-5), 'weight does not fit'],
    ['attention', () => g.attention(x(1, 2, 3, 4), x(1, 2, 5, 4), x(1, 2, 5, 4)), 'Attention: query and key differ'],
    ['dropout', () => g.dropout(x(2), g.input('m', 'uint8', [3]), 1), 'Dropout: mask and value need one shape'],
    [
      'constants',
      () => g.constant('float32', [3], Float32Array.of(1)),
      'Constant: shape does not fit 1 values, got [3]',
    ],
    ['parts', () => g.split(x(5), 0, 2, 2), 'Split: axis 0 is not 2 parts of 2, got [5]'],
  ])('refuse what does not fit: %s', (_name, build, message) => {
    expect(build).toThrow(message);
  });

  test('carry names through', () => {
    expect(g.matMul(x('n', 1, 's', 4), x('h', 4, 's')).shape).toEqual(['n', 'h', 's', 's']);
    expect(g.concat([x('n', 2), x('m', 2)], 0).shape).toEqual(['n+m', 2]);
    expect(g.reduceSum(x('n', 3), { axes: [0], keepdims: false }).shape).toEqual([3]);
  });

  test('nodes cannot be changed', () => {
    const { node } = g.neg(x(2));
    expect(() => Object.assign(node, { op: 'Exp' })).toThrow(TypeError);
    expect(() => Object.assign(node.inputs, { 0: x(3) })).toThrow(TypeError);
  });
});
