// ONNX nodes of operations that move values.
import type { Op } from '../ops.js';
import type { Dim } from '../tensor.js';
import type { EmissionRule, EmissionSite } from './emission-rule.js';

/** All values of a tensor as rows of the given width. */
function rows({ emitter }: EmissionSite, x: string, width: Dim): string {
  return emitter.add('Reshape', [x, emitter.shape(['rows of this tensor', width], { inferable: 1 })]);
}

export const movementEmission = {
  Reshape: ({ attributes: { shape } }, { emitter, inputs: [x] }) => [
    emitter.add('Reshape', [x!, emitter.shape(shape, { inferable: 1 })]),
  ],
  Transpose: ({ attributes: { perm, materialize }, outputs }, { emitter, inputs: [x] }) => {
    const copy = emitter.add('Transpose', [x!], { attributes: { perm: { ints: perm } } });
    // A Reshape to its own shape moves nothing and stands between the Transpose and the product that would swallow it.
    return [materialize ? emitter.add('Reshape', [copy, emitter.shape(outputs[0]!.shape, { inferable: 1 })]) : copy];
  },
  Concat: ({ attributes: { axis } }, { emitter, inputs }) => [
    emitter.add('Concat', inputs, { attributes: { axis: { int: axis } } }),
  ],
  Split: ({ attributes: { axis, parts } }, { emitter, inputs }) =>
    emitter.addMany('Split', inputs, {
      outputs: parts,
      attributes: { axis: { int: axis }, ...(emitter.target.opset < 18 ? {} : { num_outputs: { int: parts } }) },
    }),
  Slice: ({ attributes: { axis, start, end } }, { emitter, inputs: [x] }) => [
    emitter.add('Slice', [x!, emitter.ints([start]), emitter.ints([end]), emitter.ints([axis])]),
  ],
  Expand: ({ attributes: { shape } }, { emitter, inputs: [x] }) => [emitter.add('Expand', [x!, emitter.shape(shape)])],
  Gather: (_node, { emitter, inputs }) => [emitter.add('Gather', inputs, { attributes: { axis: { int: 0 } } })],
  PackedToGroups: ({ attributes: { groups } }, { emitter, inputs }) =>
    inputs.slice(1, 1 + groups).map((index) => emitter.add('Gather', [inputs[0]!, index])),
  GroupsToPacked: ({ attributes: { groups }, inputs: [first] }, site) => {
    const { emitter, inputs } = site;
    const width = first!.shape.at(-1)!;
    const parts = inputs.slice(0, groups).map((part) => rows(site, part, width));
    const all = groups === 1 ? parts[0]! : emitter.add('Concat', parts, { attributes: { axis: { int: 0 } } });
    return [emitter.add('Gather', [all, inputs[groups]!])];
  },
} satisfies { [K in Op]?: EmissionRule<K> };
