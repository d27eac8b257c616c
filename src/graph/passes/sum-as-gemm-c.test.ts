import { describe, expect, test } from 'vitest';
import { add, gemm, input, neg } from '../build.js';
import { topologicalOrder, type Tensor } from '../tensor.js';
import { sumAsGemmC } from './sum-as-gemm-c.js';

const a = input('a', 'float32', ['n', 4]);
const b = input('b', 'float32', [4, 3]);
const x = input('x', 'float32', ['n', 3]);
const product = (): Tensor => gemm(a, b, { alpha: 0.5 });
const operations = (results: Tensor[]): string[] => topologicalOrder(results).map((node) => node.op);

describe('sumAsGemmC', () => {
  test.each([
    ['before', () => add(product(), x)],
    ['behind', () => add(x, product())],
  ])('takes a term %s the product as its C and keeps the factor', (_name, build) => {
    const [result] = sumAsGemmC([build()]);
    expect(operations([result!])).not.toContain('Add');
    expect(result!.node.op).toBe('Gemm');
    expect(result!.node.inputs.map((tensor) => tensor.node)).toEqual([a.node, b.node, x.node]);
    expect(result!.node.attributes).toMatchObject({ alpha: 0.5, beta: 1 });
  });

  test('leaves a product that somebody else reads', () => {
    const y = product();
    expect(operations(sumAsGemmC([add(y, x), neg(y)]))).toContain('Add');
    expect(operations(sumAsGemmC([add(y, x), y]))).toContain('Add');
  });

  test('leaves a product that has a C, and a term that would broadcast', () => {
    expect(operations(sumAsGemmC([add(gemm(a, b, { c: x }), x)]))).toContain('Add');
    expect(operations(sumAsGemmC([add(product(), input('row', 'float32', [3]))]))).toContain('Add');
  });

  test('takes the second product where the first cannot', () => {
    const y = product();
    const results = sumAsGemmC([add(y, gemm(a, b)), neg(y)]);
    expect(operations(results)).not.toContain('Add');
  });

  test('hands on nodes that it does not change as they are', () => {
    const y = neg(neg(x));
    expect(sumAsGemmC([y])[0]).toBe(y);
  });
});
