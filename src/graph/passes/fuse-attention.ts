// Attention in one operator of ONNX Runtime where a graph only goes forward: the scores stay in a core's cache and are never written out.
import { fusedAttention } from '../build.js';
import { isNode, type Tensor } from '../tensor.js';
import { countReaders, rewrite } from './rewrite.js';

/** `Attention` with padding alone as its bias as `FusedAttention`, wherever nobody reads the probabilities. */
export function fuseAttention(results: readonly Tensor[]): Tensor[] {
  const readers = countReaders(results);
  return rewrite(results, (node, inputs) => {
    if (!isNode(node, 'Attention')) return undefined;
    const { hasBias, hasMask, scale } = node.attributes;
    const isRead = node.outputs.slice(1).some((output) => readers.has(output));
    if (!hasBias || hasMask || isRead) return undefined;
    const [q, k, v, bias] = inputs as [Tensor, Tensor, Tensor, Tensor];
    if (!isNode(bias.node, 'PaddingScores')) return undefined;
    const result = fusedAttention(q, k, v, bias.node.inputs[0]!, scale);
    return node.outputs.map(() => result);
  });
}
