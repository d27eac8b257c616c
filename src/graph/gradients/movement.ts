// Gradients of operations that move values: the values move back.
import { concat, fill, groupsToPacked, packedToGroups, reshape, slice, transpose } from '../build.js';
import type { Op } from '../ops.js';
import { showShape, type Tensor } from '../tensor.js';
import { notDifferentiable, unbroadcast, type GradientRule } from './gradient-rule.js';

type Rules = { [K in Op]?: GradientRule<K> | typeof notDifferentiable };

export const movementGradients = {
  // dx = dy in the shape of x
  Reshape: ({ inputs: [x] }, dy) => [reshape(dy, x!.shape)],
  // dx = dy with the permutation undone
  Transpose: ({ attributes: { perm } }, dy) => {
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return [transpose(dy, inverse)];
  },
  // each dx is its stretch of dy
  Concat: ({ inputs, attributes: { axis } }, dy) => {
    let start = 0;
    return inputs.map((x) => {
      const length = x.shape.at(axis)!;
      if (typeof length !== 'number') {
        throw new Error(`Concat: the gradient needs known lengths along axis ${axis}, got ${showShape(x.shape)}`);
      }
      start += length;
      return slice(dy, axis, start - length, start);
    });
  },
  // dx = the parts' gradients laid side by side, 0 where nobody asked
  Split: ({ outputs, inputs: [x], attributes: { axis } }, dy, rest) => {
    const parts = [dy, ...rest].map((part, at) => part ?? fill(0, outputs[at]!.shape));
    return [reshape(concat(parts, axis), x!.shape)];
  },
  // dx = dy with zeros around it
  Slice: ({ inputs: [x], attributes: { axis, start, end } }, dy) => {
    const whole = x!.shape.at(axis)!;
    if (typeof whole !== 'number') {
      throw new Error(`Slice: the gradient needs a known length along axis ${axis}, got ${showShape(x!.shape)}`);
    }
    const at = axis < 0 ? axis + x!.shape.length : axis;
    const zeros = (length: number): Tensor[] =>
      length === 0
        ? []
        : [
            fill(
              0,
              x!.shape.map((dim, place) => (place === at ? length : dim)),
            ),
          ];
    return [concat([...zeros(start), dy, ...zeros(whole - end)], axis)];
  },
  // dx = dy summed over the axes that were expanded
  Expand: ({ inputs: [x] }, dy) => [unbroadcast(dy, x!.shape)],
  // Tables receive the gradient of their rows outside the graph: a sum into rows by index has no fixed order in ONNX Runtime.
  Gather: notDifferentiable,
  // d rows = the groups' gradients gathered by the inverse index (a padding slot's is 0: its pad token reaches no result)
  PackedToGroups: ({ inputs, outputs, attributes: { groups } }, dy, rest) => {
    const [rows, inverse] = [inputs[0]!, inputs[groups + 1]!];
    const parts = [dy, ...rest].map((part, at) => part ?? fill(0, outputs[at]!.shape));
    const packed = groupsToPacked(parts, inverse, inputs.slice(1, 1 + groups));
    return [reshape(packed, rows.shape)];
  },
  // d group = the packed gradient's rows gathered by the group's index
  GroupsToPacked: ({ inputs, attributes: { groups } }, dy) => {
    const inverse = inputs[groups]!;
    const [tokens, columns] = inverse.shape;
    const rows = reshape(dy, [`rows of ${tokens} by ${columns}`, dy.shape.at(-1)!]);
    return packedToGroups(rows, inputs.slice(groups + 1), inverse);
  },
} satisfies Rules;
