// Collects the ONNX nodes of one graph. Emission rules ask it for names: of constants (each stored once), of run-time dimensions
// (taken from the shape of a tensor that has them) and of the nodes that they add.
import { showShape, type Dim, type DType, type Shape, type TensorData } from '../tensor.js';
import {
  ATTRIBUTE_TYPES,
  ELEMENT_TYPES,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-schema.js';

/** Which operators may be used. */
export interface EmissionTarget {
  /** ONNX operator set: 17 for wide reach, 24 otherwise. */
  opset: 17 | 24;
  /** Only standard operators, none of com.microsoft. */
  standardOnly: boolean;
}

/** Attribute values of an ONNX node; whole numbers in `float` stay floats. */
export type AttributeValue =
  { int: number } | { float: number } | { ints: readonly number[] } | { tensor: TensorProto };

/** What {@link Emitter.add} takes beside operator and inputs. */
export interface NodeOptions {
  attributes?: Readonly<Record<string, AttributeValue>>;
  domain?: string;
  /** How many outputs are named; default 1. */
  outputs?: number;
}

/** Builds the lists of nodes, initialisers and inputs of one ONNX graph. */
export class Emitter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly inputs: ValueInfoProto[] = [];
  private readonly constants = new Map<string, string>();
  private readonly dimSources = new Map<string, { tensor: string; axis: number }>();
  private readonly dimNames = new Map<string, string>();
  private readonly shapeNames = new Map<string, string>();
  private count = 0;

  constructor(readonly target: EmissionTarget) {}

  /** Declares an input of the graph. */
  declareInput(name: string, dtype: DType, shape: Shape): string {
    this.inputs.push(valueInfo(name, dtype, shape));
    return name;
  }

  /** Tells that a tensor has this shape: its named dimensions can be asked for from here on. */
  learnShape(name: string, shape: Shape): void {
    shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && !this.dimSources.has(dim)) this.dimSources.set(dim, { tensor: name, axis });
    });
  }

  /** Adds a node and returns the names of its outputs. */
  addMany(
    opType: string,
    inputs: readonly string[],
    { attributes = {}, domain, outputs = 1 }: NodeOptions = {},
  ): string[] {
    const name = `${opType}_${++this.count}`;
    const output = Array.from({ length: outputs }, (_, place) => (place === 0 ? name : `${name}.${place}`));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.nodes.push({
      opType,
      name,
      input: [...inputs],
      output,
      attribute,
      ...(domain === undefined ? {} : { domain }),
    });
    return output;
  }

  /** Adds a node with one output and returns its name. */
  add(opType: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.addMany(opType, inputs, options)[0]!;
  }

  /** Stores a weight under its name. */
  addInitializer(name: string, dtype: DType, dims: readonly number[], data: TensorData): string {
    this.initializers.push(tensorProto(dtype, dims, data, name));
    return name;
  }

  /** A small constant, stored once however often it is asked for. */
  constant(dtype: DType, dims: readonly number[], data: TensorData): string {
    const key = `${dtype} ${dims.join(',')} ${Array.from(data, String).join(' ')}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.addInitializer(`constant_${this.constants.size + 1}`, dtype, dims, data);
    this.constants.set(key, name);
    return name;
  }

  /** A float32 scalar. */
  float(value: number): string {
    return this.constant('float32', [], Float32Array.of(value));
  }

  /** A list of int64. */
  ints(values: readonly number[]): string {
    return this.constant('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A run-time dimension as an int64 list of one. */
  dim(dim: Dim): string {
    if (typeof dim === 'number') return this.ints([dim]);
    const known = this.dimNames.get(dim);
    if (known !== undefined) return known;
    const source = this.dimSources.get(dim);
    if (source === undefined) throw new Error(`Emission: no tensor before this one has the dimension ${dim}`);
    const { tensor, axis } = source;
    const name = this.add('Shape', [tensor], { attributes: { start: { int: axis }, end: { int: axis + 1 } } });
    this.dimNames.set(dim, name);
    return name;
  }

  /** A shape as an int64 list; up to `inferable` dimensions that no tensor before has become −1. */
  shape(shape: Shape, { inferable = 0 } = {}): string {
    const unknown = shape.filter((dim) => typeof dim === 'string' && !this.dimSources.has(dim));
    if (unknown.length > inferable) {
      throw new Error(
        `Emission: at most ${inferable} dimensions may be new, got ${unknown.join(', ')} of ${showShape(shape)}`,
      );
    }
    const named = shape.filter((dim) => typeof dim === 'string');
    // One name only: -1 says it without a node.
    if (named.length === inferable || named.length === 0) {
      return this.ints(shape.map((dim) => (typeof dim === 'string' ? -1 : dim)));
    }
    const key = showShape(shape);
    const known = this.shapeNames.get(key);
    if (known !== undefined) return known;
    const parts = shape.map((dim) => (unknown.includes(dim) ? this.ints([-1]) : this.dim(dim)));
    const name = this.add('Concat', parts, { attributes: { axis: { int: 0 } } });
    this.shapeNames.set(key, name);
    return name;
  }
}

/** Name, type and shape of an input or output. */
export function valueInfo(name: string, dtype: DType, shape: Shape): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[dtype], shape: { dim } } } };
}

/** A stored tensor; the data is not copied. */
export function tensorProto(dtype: DType, dims: readonly number[], data: TensorData, name?: string): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dims: [...dims], dataType: ELEMENT_TYPES[dtype], rawData, ...(name === undefined ? {} : { name }) };
}

function attributeProto(name: string, value: AttributeValue): AttributeProto {
  if ('int' in value) return { name, type: ATTRIBUTE_TYPES.int, i: value.int };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPES.float, f: value.float };
  if ('ints' in value) return { name, type: ATTRIBUTE_TYPES.ints, ints: [...value.ints] };
  return { name, type: ATTRIBUTE_TYPES.tensor, t: value.tensor };
}
