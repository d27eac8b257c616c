// Finds the larger tensor that an output is a contiguous part of: reshapes keep the order of the values, and a slice of the first
// axis is a run of them. What cannot be told from the shapes alone (a named dimension inside a row) is no view.
import { isNode, type Shape, type Tensor } from '../tensor.js';

/** A run of values of a tensor. */
export interface View {
  root: Tensor;
  /** Values before the run. */
  offset: number;
}

/** The tensor that holds the values of `tensor` in order, and where they begin; the tensor itself when there is no larger one. */
export function viewOf(tensor: Tensor): View {
  let root = tensor;
  let offset = 0;
  for (;;) {
    const { node } = root;
    if (isNode(node, 'Reshape')) {
      root = node.inputs[0]!;
    } else if (isNode(node, 'Slice') && node.attributes.axis === 0) {
      const source = node.inputs[0]!;
      const row = rowSize(source.shape);
      if (row === undefined) return { root, offset };
      offset += node.attributes.start * row;
      root = source;
    } else {
      return { root, offset };
    }
  }
}

/** Values a row of the first axis has, when all are known. */
function rowSize(shape: Shape): number | undefined {
  return shape.slice(1).reduce<number | undefined>((size, dim) => {
    return size === undefined || typeof dim === 'string' ? undefined : size * dim;
  }, 1);
}
