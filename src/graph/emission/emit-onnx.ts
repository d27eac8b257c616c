// Writes a graph as an ONNX file. Equal nodes are emitted once. Outputs that are leading slices or reshapes of a larger tensor
// (a bias gradient that is the last row of its weight's) may leave as views: then the file has the large tensor alone.
import type { Op } from '../ops.js';
import { topologicalOrder, type DType, type Node, type Shape, type Tensor } from '../tensor.js';
import { emissionRules } from './emission-rules.js';
import type { EmissionRule } from './emission-rule.js';
import { Emitter, valueInfo, type EmissionTarget } from './emitter.js';
import { encodeModel } from './onnx-schema.js';
import { viewOf } from './output-view.js';

/** A graph as ONNX Runtime takes it. */
export interface OnnxGraph {
  /** The file. */
  bytes: Uint8Array;
  /** What must be fed, in the order of the file. */
  inputs: { name: string; dtype: DType; shape: Shape }[];
  /** Where each named result is found: in which output of the file, from which value on. */
  outputs: Map<string, OutputPlace>;
}

/** A result inside an output of the file; `shape` is the result's. */
export interface OutputPlace {
  tensor: string;
  offset: number;
  shape: Shape;
}

/** Options of {@link emitOnnx}; the default target is operator set 24 with com.microsoft. */
export interface EmitOptions extends Partial<EmissionTarget> {
  /** Inputs that come first in the file, in this order, also when nothing reads them. */
  inputs?: readonly Tensor[];
  /** Let outputs be views of larger ones; default false. */
  outputViews?: boolean;
}

/** Emits the graph of the named outputs (opset 17 as IR 8, opset 24 as IR 11). */
export function emitOnnx(
  outputs: Readonly<Record<string, Tensor>>,
  { opset = 24, standardOnly = false, inputs = [], outputViews = false }: EmitOptions = {},
): OnnxGraph {
  const places = new Map<string, { root: Tensor; offset: number; shape: Shape }>();
  for (const [name, tensor] of Object.entries(outputs)) {
    const view = outputViews ? viewOf(tensor) : { root: tensor, offset: 0 };
    places.set(name, { ...view, shape: tensor.shape });
  }
  const roots = [...places.values()].map((place) => place.root);
  const order = topologicalOrder([...inputs, ...roots]);
  const emitter = new Emitter({ opset, standardOnly });
  const names = emitNodes(order, roots, emitter);

  const results = new Map<string, OutputPlace>();
  const outputNames = new Map<Tensor, string>();
  const outputInfos = [];
  for (const [name, { root, offset, shape }] of places) {
    let file = outputNames.get(root);
    if (file === undefined) {
      file = name;
      outputNames.set(root, file);
      emitter.nodes.push({
        opType: 'Identity',
        name: `output ${file}`,
        input: [names.get(root)!],
        output: [file],
        attribute: [],
      });
      outputInfos.push(valueInfo(file, root.dtype, root.shape));
    }
    results.set(name, { tensor: file, offset, shape });
  }
  const bytes = encodeModel({
    irVersion: opset === 17 ? 8 : 11,
    producerName: 'temporal-finetune',
    opsetImport: [{ domain: '', version: opset }, ...(standardOnly ? [] : [{ domain: 'com.microsoft', version: 1 }])],
    graph: {
      name: 'graph',
      node: emitter.nodes,
      initializer: emitter.initializers,
      input: emitter.inputs,
      output: outputInfos,
    },
  });
  const declared = order.flatMap((node) => (isInput(node) ? [node.attributes] : []));
  return { bytes, inputs: declared.map(({ name, dtype, shape }) => ({ name, dtype, shape })), outputs: results };
}

function isInput(node: Node): node is Node<'Input'> {
  return node.op === 'Input';
}

/** Emits every node once; the names of the tensors that are read. Inputs go first: they are where dimensions come from. */
function emitNodes(order: readonly Node[], roots: readonly Tensor[], emitter: Emitter): Map<Tensor, string> {
  const used = new Set<Tensor>([...roots, ...order.flatMap((node) => node.inputs)]);
  const names = new Map<Tensor, string>();
  const equal = new Map<string, readonly string[]>();
  const sorted = [...order.filter(isInput), ...order.filter((node) => !isInput(node))];
  for (const node of sorted) {
    const inputs = node.inputs.map((tensor) => names.get(tensor)!);
    const isUsed = (output: number): boolean => used.has(node.outputs[output]!);
    const uses = node.outputs.map((_, place) => Number(isUsed(place))).join('');
    const key =
      node.op === 'Constant' ? undefined : `${node.op} ${JSON.stringify(node.attributes)} ${inputs.join(' ')} ${uses}`;
    let result = key === undefined ? undefined : equal.get(key);
    if (result === undefined) {
      result = (emissionRules[node.op] as EmissionRule<Op>)(node, { emitter, inputs, isUsed });
      if (key !== undefined) equal.set(key, result);
    }
    node.outputs.forEach((tensor, place) => {
      const name = result[place];
      if (name === undefined) return;
      names.set(tensor, name);
      emitter.learnShape(name, tensor.shape);
    });
  }
  return names;
}
