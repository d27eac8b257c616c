// A sum of a product and something of its shape becomes the product's C: the residual's gradient costs no pass of its own.
import { gemm } from '../build.js';
import { isNode, sameShape, type Tensor } from '../tensor.js';
import { countReaders, rewrite } from './rewrite.js';

/** `Add(Gemm(a, b), x)` as `Gemm(a, b, x)` wherever nobody else reads the product. */
export function sumAsGemmC(results: readonly Tensor[]): Tensor[] {
  const readers = countReaders(results);
  return rewrite(results, (node, inputs) => {
    if (node.op !== 'Add') return undefined;
    for (const place of [0, 1]) {
      const [product, other] = [inputs[place]!, inputs[1 - place]!];
      const isAlone = readers.get(node.inputs[place]!) === 1;
      if (!isAlone || !isNode(product.node, 'Gemm') || product.node.inputs.length > 2) continue;
      if (!sameShape(product.shape, other.shape)) continue;
      const { transA, transB, alpha } = product.node.attributes;
      const [a, b] = product.node.inputs as [Tensor, Tensor];
      return [gemm(a, b, { c: other, transA, transB, alpha })];
    }
    return undefined;
  });
}
