// Makes a node: asks the operation's shape rule for the types of its outputs, and freezes the result.
import type { Op, OpAttributes } from './ops.js';
import { shapeRules } from './shapes/shape-rules.js';
import type { ShapeRule } from './shapes/shape-rule.js';
import type { Node, Tensor } from './tensor.js';

/** A node of the operation; throws when the shapes do not fit (the message names the operation and the shapes). */
export function makeNode<K extends Op>(op: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): Node<K> {
  const rule = shapeRules[op] as ShapeRule<K>;
  const types = rule(inputs, attributes);
  const outputs: Tensor[] = [];
  const node: Node<K> = {
    op,
    inputs: Object.freeze([...inputs]),
    attributes: Object.freeze({ ...attributes }),
    outputs,
  };
  types.forEach((type, index) => outputs.push(Object.freeze({ node, index, shape: type.shape, dtype: type.dtype })));
  Object.freeze(outputs);
  return Object.freeze(node);
}
