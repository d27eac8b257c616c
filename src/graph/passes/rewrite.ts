// Rebuilds a graph from its inputs to its results, letting a rule put another tensor in place of each one.
import { makeNode } from '../make-node.js';
import { topologicalOrder, type Node, type Tensor } from '../tensor.js';

/** What takes the place of a node's outputs; undefined keeps the node (with its rewritten inputs). */
export type RewriteRule = (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined;

/** The results of the rewritten graph, in order. Nodes that nothing changed stay the same objects. */
export function rewrite(results: readonly Tensor[], rule: RewriteRule): Tensor[] {
  const replaced = new Map<Tensor, Tensor>();
  for (const node of topologicalOrder(results)) {
    const inputs = node.inputs.map((tensor) => replaced.get(tensor)!);
    const same = inputs.every((tensor, place) => tensor === node.inputs[place]);
    const outputs = rule(node, inputs) ?? (same ? node : makeNode(node.op, inputs, node.attributes)).outputs;
    node.outputs.forEach((tensor, place) => replaced.set(tensor, outputs[place]!));
  }
  return results.map((tensor) => replaced.get(tensor)!);
}

/** How many nodes and results read each tensor. */
export function countReaders(results: readonly Tensor[]): Map<Tensor, number> {
  const readers = new Map<Tensor, number>();
  const count = (tensor: Tensor): void => void readers.set(tensor, (readers.get(tensor) ?? 0) + 1);
  results.forEach(count);
  for (const node of topologicalOrder(results)) node.inputs.forEach(count);
  return readers;
}
