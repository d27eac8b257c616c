// What a shape rule is, and the checks that rules share.
import type { Op, OpAttributes } from '../ops.js';
import { showShape, type Dim, type Shape, type Tensor, type TensorType } from '../tensor.js';

/** Types of the outputs; throws an error `Op: rule, got value` when the inputs do not fit. */
export type ShapeRule<K extends Op> = (inputs: readonly Tensor[], attributes: OpAttributes[K]) => readonly TensorType[];

/** The input at a place; an error when there is none. */
export function input(op: Op, inputs: readonly Tensor[], place: number): Tensor {
  const tensor = inputs[place];
  if (tensor === undefined) throw new Error(`${op}: needs more than ${place} inputs, got ${inputs.length}`);
  return tensor;
}

/** An error unless the tensor has this many axes. */
export function needRank(op: Op, tensor: Tensor, rank: number): void {
  if (tensor.shape.length !== rank) throw new Error(`${op}: needs ${rank} axes, got ${showShape(tensor.shape)}`);
}

/** An error unless the condition holds. */
export function need(op: Op, condition: boolean, rule: string, ...shapes: Shape[]): void {
  if (!condition) throw new Error(`${op}: ${rule}, got ${shapes.map(showShape).join(' and ')}`);
}

/** NumPy's broadcast of shapes; a dimension of 1 fits any. */
export function broadcast(op: Op, ...shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result: Dim[] = new Array<Dim>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((dim, axis) => {
      const place = rank - shape.length + axis;
      if (dim === 1 || dim === result[place]) return;
      need(op, result[place] === 1, 'shapes do not broadcast', ...shapes);
      result[place] = dim;
    });
  }
  return result;
}

/** A negative axis counted from the end; an error when out of range. */
export function axisOf(op: Op, axis: number, shape: Shape): number {
  const place = axis < 0 ? axis + shape.length : axis;
  need(op, place >= 0 && place < shape.length, `axis ${axis} is out of range`, shape);
  return place;
}

/** Product of the known dimensions. */
export function knownSize(shape: Shape): number {
  return shape.reduce<number>((size, dim) => (typeof dim === 'number' ? size * dim : size), 1);
}
