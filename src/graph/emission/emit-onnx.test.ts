import { describe, expect, test } from 'vitest';
import {
  add,
  attention,
  constant,
  expand,
  fill,
  gemm,
  input,
  layerNormalization,
  matMul,
  mul,
  neg,
  reshape,
  scalar,
  slice,
  transpose,
} from '../build.js';
import { emitOnnx } from './emit-onnx.js';
import { decodeModel } from './onnx-schema.js';

const x = input('x', 'float32', ['n', 4]);
const operators = (bytes: Uint8Array): string[] => decodeModel(bytes).graph.node.map(({ opType }) => opType);

describe('emitOnnx', () => {
  test('writes names, types, shapes and versions as ONNX has them', () => {
    const { bytes, inputs } = emitOnnx({ y: neg(x) }, { opset: 17, standardOnly: true });
    const model = decodeModel(bytes);
    expect(model.irVersion).toBe(8);
    expect(model.opsetImport.map(({ domain = '', version }) => [domain, version])).toEqual([['', 17]]);
    expect(model.graph.input).toMatchObject([
      { name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }, { dimValue: 4 }] } } } },
    ]);
    expect(model.graph.output.map(({ name }) => name)).toEqual(['y']);
    expect(inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['n', 4] }]);
  });

  test('uses no operator of com.microsoft for a standard target, and says so in the file', () => {
    const q = input('q', 'float32', ['b', 2, 's', 3]);
    const outputs = { y: attention(q, q, q) };
    const domains = (bytes: Uint8Array): string[] => decodeModel(bytes).graph.node.map(({ domain }) => domain ?? '');
    expect(domains(emitOnnx(outputs, { standardOnly: true }).bytes).every((domain) => domain === '')).toBe(true);
    expect(domains(emitOnnx(outputs).bytes)).toContain('com.microsoft');
  });

  test('emits equal nodes once', () => {
    const both = add(mul(x, scalar(2)), neg(mul(x, scalar(2))));
    expect(operators(emitOnnx({ both }).bytes).filter((name) => name === 'Mul')).toHaveLength(1);
    expect(decodeModel(emitOnnx({ both }).bytes).graph.initializer).toHaveLength(1);
  });

  test('leaves out further outputs that nobody reads', () => {
    const w = input('w', 'float32', [4]);
    const [norm] = decodeModel(emitOnnx({ y: layerNormalization(x, w, w, 1e-5) }).bytes).graph.node;
    expect(norm!.output).toHaveLength(1);
  });

  test('keeps a materialized transpose apart from its product, and a plain one not', () => {
    const product = (materialize: boolean): string[] =>
      operators(emitOnnx({ y: gemm(transpose(x, [1, 0], { materialize }), x) }).bytes);
    expect(product(true)).toContain('Reshape');
    expect(product(false)).not.toContain('Reshape');
  });

  test('declares the inputs that are asked for, first and in order, also when nothing reads them', () => {
    const unread = input('unread', 'int64', ['m']);
    const { inputs } = emitOnnx({ y: neg(x) }, { inputs: [unread, x] });
    expect(inputs.map(({ name }) => name)).toEqual(['unread', 'x']);
  });

  test('takes a dimension from whatever tensor has it, and refuses one that none has', () => {
    expect(operators(emitOnnx({ y: mul(x, fill(1, ['n', 4])) }).bytes)).toContain('Shape');
    expect(() => emitOnnx({ y: expand(scalar(1), ['nowhere']) })).toThrow(
      'at most 0 dimensions may be new, got nowhere',
    );
  });

  test('stores a named constant as a weight, byte for byte', () => {
    const weight = constant('float32', [4, 2], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 'weight');
    const [stored] = decodeModel(emitOnnx({ y: matMul(x, weight) }).bytes).graph.initializer;
    expect(stored).toMatchObject({ name: 'weight', dims: [4, 2], dataType: 1 });
    expect([...new Float32Array(Uint8Array.from(stored!.rawData).buffer)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('gives the same bytes for the same graph', () => {
    const build = (): Uint8Array => emitOnnx({ y: add(neg(x), scalar(1)) }).bytes;
    expect(build()).toEqual(build());
  });
});

describe('output views', () => {
  const joint = matMul(input('a', 'float32', [3, 'n']), x); // [3, 4]
  const outputs = { whole: slice(joint, 0, 0, 2), last: reshape(slice(joint, 0, 2, 3), [4]) };

  test('put parts of one tensor into the file once', () => {
    const { bytes, outputs: places } = emitOnnx(outputs, { outputViews: true });
    expect(decodeModel(bytes).graph.output).toHaveLength(1);
    expect(places.get('whole')).toEqual({ tensor: 'whole', offset: 0, shape: [2, 4] });
    expect(places.get('last')).toEqual({ tensor: 'whole', offset: 8, shape: [4] });
  });

  test('are not made unless asked for', () => {
    expect(decodeModel(emitOnnx(outputs).bytes).graph.output).toHaveLength(2);
  });

  test('leave a slice whose place hangs on a named dimension', () => {
    const wide = neg(input('wide', 'float32', [3, 'n']));
    const { outputs: places } = emitOnnx({ part: slice(wide, 0, 1, 2) }, { outputViews: true });
    expect(places.get('part')).toMatchObject({ tensor: 'part', offset: 0 });
  });
});
