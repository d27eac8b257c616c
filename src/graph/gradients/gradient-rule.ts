// What a gradient rule is, and what several rules share. In the formulas `dx` stands for the gradient of the scalar result with
// respect to x; `y` is the node's first output.
import { expand, reduceSum, reshape } from '../build.js';
import type { Op } from '../ops.js';
import { sameShape, showShape, type Node, type Shape, type Tensor } from '../tensor.js';

/**
 * Gradients of the inputs (undefined where there is none) from those of the outputs: `dy` that of the first, `rest` those of the
 * others (undefined where nobody asked).
 */
export type GradientRule<K extends Op> = (
  node: Node<K>,
  dy: Tensor,
  rest: readonly (Tensor | undefined)[],
) => readonly (Tensor | undefined)[];

/** Stands in the table for an operation through which no gradient flows. */
export const notDifferentiable = Symbol('not differentiable');

/**
 * Sums a gradient down to the shape that was broadcast:
 * 1. axes that broadcasting put in front are summed away;
 * 2. axes that were 1 are summed to 1.
 */
export function unbroadcast(dy: Tensor, shape: Shape): Tensor {
  if (sameShape(dy.shape, shape)) return dy;
  const added = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((dim, axis) =>
    axis < added || (shape[axis - added] === 1 && dim !== 1) ? [axis] : [],
  );
  const summed = axes.length === 0 ? dy : reduceSum(dy, { axes, keepdims: true });
  return added === 0 ? summed : reshape(summed, shape);
}

/** The gradient of a reduction spread over the axes that it summed. */
export function spread(dy: Tensor, axes: readonly number[], keepdims: boolean, shape: Shape): Tensor {
  const places = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  const kept = keepdims
    ? dy
    : reshape(
        dy,
        shape.map((dim, axis) => (places.has(axis) ? 1 : dim)),
      );
  return expand(kept, shape);
}

/** An error when somebody differentiates an output that a fused operation gives for its own gradient only. */
export function needOnlyFirst(node: Node, rest: readonly (Tensor | undefined)[]): void {
  if (rest.some((dy) => dy !== undefined)) {
    const shapes = node.inputs.map(({ shape }) => showShape(shape)).join(' and ');
    throw new Error(
      `${node.op}: only the first output can be differentiated, got a gradient of another (inputs ${shapes})`,
    );
  }
}
