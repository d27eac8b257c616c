// Nodes and tensors of the IR: immutable data, made by `makeNode` and the factories in build.ts. A tensor is one output of a node;
// two tensors are the same when they are the same object. A dimension is a number or a name; equal names are equal dimensions.
import type { Op, OpAttributes } from './ops.js';

/** A number, or the name of a dimension known only at run time. */
export type Dim = number | string;
export type Shape = readonly Dim[];
export type DType = 'float32' | 'int64' | 'int32' | 'uint8' | 'bool';
export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** What a shape rule says of an output. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One operation with its inputs. */
export interface Node<K extends Op = Op> {
  readonly op: K;
  readonly inputs: readonly Tensor[];
  readonly attributes: Readonly<OpAttributes[K]>;
  readonly outputs: readonly Tensor[];
}

/** One output of a node. */
export interface Tensor extends TensorType {
  readonly node: Node;
  readonly index: number;
}

/** `[2,tokens,384]`, for messages. */
export function showShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** True when both shapes have the same dimensions. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** Narrows a node to one operation. */
export function isNode<K extends Op>(node: Node, op: K): node is Node<K> {
  return node.op === op;
}

/** The nodes that the tensors need, each after its inputs; the same order for the same graph. */
export function topologicalOrder(tensors: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // An explicit stack: graphs of deep encoders are deeper than the call stack is.
  for (const root of tensors) {
    const stack: { node: Node; next: number }[] = [];
    const enter = (node: Node): void => {
      if (seen.has(node)) return;
      seen.add(node);
      stack.push({ node, next: 0 });
    };
    enter(root.node);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input !== undefined) enter(input.node);
      else order.push(stack.pop()!.node);
    }
  }
  return order;
}
