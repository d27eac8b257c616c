import { describe, expect, test } from 'vitest';
import { add, attention, input, paddingScores, reduceSum } from '../build.js';
import { topologicalOrder, type Tensor } from '../tensor.js';
import { fuseAttention } from './fuse-attention.js';

const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, 'float32', ['n', 2, 's', 4])) as [Tensor, Tensor, Tensor];
const lengths = input('lengths', 'int32', ['n']);
const bias = paddingScores(lengths, 's');
const operations = (results: Tensor[]): string[] => topologicalOrder(results).map((node) => node.op);

describe('fuseAttention', () => {
  test('takes the lengths in place of the padding, and keeps the scale', () => {
    const [result] = fuseAttention([attention(q, k, v, { scale: 0.3, bias })]);
    expect(result!.node.op).toBe('FusedAttention');
    expect(result!.node.inputs).toEqual([q, k, v, lengths]);
    expect(result!.node.attributes).toEqual({ scale: 0.3 });
    expect(operations([result!])).not.toContain('PaddingScores');
  });

  test('leaves attention whose probabilities somebody reads', () => {
    const result = attention(q, k, v, { bias });
    const probabilities = result.node.outputs[1]!;
    expect(operations(fuseAttention([result, reduceSum(probabilities)]))).toContain('Attention');
    expect(operations(fuseAttention([result, probabilities]))).not.toContain('FusedAttention');
  });

  test('leaves attention with dropout, with another bias, and with none', () => {
    const mask = input('mask', 'uint8', ['n', 2, 's', 's']);
    const other = add(bias, input('other', 'float32', ['n', 1, 1, 's']));
    const kept = [{ bias, dropout: { mask, scale: 2 } }, { bias: other }, {}];
    for (const options of kept) expect(operations(fuseAttention([attention(q, k, v, options)]))).toContain('Attention');
  });
});
