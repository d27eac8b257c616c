// Reverse-mode differentiation: walks a graph from its results to its inputs and adds the nodes of the gradient by the rules.
import { add, fill } from '../build.js';
import type { Op } from '../ops.js';
import { sameShape, showShape, topologicalOrder, type Node, type Tensor } from '../tensor.js';
import { notDifferentiable, type GradientRule } from './gradient-rule.js';
import { gradientRules } from './gradient-rules.js';

/** A result and the gradient that is known of it; without a seed the result is a scalar whose gradient is 1. */
export interface Seeded {
  output: Tensor;
  seed?: Tensor;
}

/**
 * Gradients with respect to the tensors `wrt`, in their order. A tensor in `wrt` counts as a leaf: nothing before it is visited on
 * its account. An error when a result does not depend on one of them by differentiable operations.
 */
export function gradients(results: readonly Seeded[], wrt: readonly Tensor[]): Tensor[] {
  const order = topologicalOrder(results.map(({ output }) => output));
  const needed = dependents(order, new Set(wrt));
  const totals = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, gradient: Tensor): void => {
    if (!sameShape(tensor.shape, gradient.shape)) {
      throw new Error(
        `gradients: a gradient needs its tensor's shape, got ${showShape(gradient.shape)} for ${showShape(tensor.shape)} of ${tensor.node.op}`,
      );
    }
    const before = totals.get(tensor);
    totals.set(tensor, before === undefined ? gradient : add(before, gradient));
  };
  for (const { output, seed } of results) accumulate(output, seed ?? fill(1, output.shape));

  const leaves = new Set(wrt);
  for (const node of [...order].reverse()) {
    if (!needed.has(node) || node.outputs.every((output) => leaves.has(output))) continue;
    const outputGradients = node.outputs.map((output) => totals.get(output));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    const rule = gradientRules[node.op] as GradientRule<Op> | typeof notDifferentiable;
    if (rule === notDifferentiable) continue;
    const [first = fill(0, node.outputs[0]!.shape), ...rest] = outputGradients;
    const inputGradients = rule(node, first, rest);
    node.inputs.forEach((tensor, place) => {
      const gradient = inputGradients[place];
      if (gradient !== undefined && (needed.has(tensor.node) || leaves.has(tensor))) accumulate(tensor, gradient);
    });
  }
  return wrt.map((tensor) => {
    const total = totals.get(tensor);
    if (total === undefined) {
      throw new Error(`gradients: no differentiable way leads to ${tensor.node.op} ${showShape(tensor.shape)}`);
    }
    return total;
  });
}

/** The nodes from which a tensor of `wrt` can be reached through differentiable operations. */
function dependents(order: readonly Node[], wrt: ReadonlySet<Tensor>): Set<Node> {
  const result = new Set<Node>();
  for (const node of order) {
    const isLeaf = node.outputs.some((output) => wrt.has(output));
    const passes = gradientRules[node.op] !== notDifferentiable;
    if (isLeaf || (passes && node.inputs.some((tensor) => result.has(tensor.node)))) result.add(node);
  }
  return result;
}
