// One test of an operation: its inputs, how the graph builds it, and what it should give.
import type { DType, Tensor } from '../../src/graph/tensor.js';
import type { Nd } from './nd.js';

/** An input of a case; values are drawn from a range unless given. */
export interface CaseInput {
  shape: number[];
  /** Default float32. */
  dtype?: DType;
  /** Range of the values; default −2 to 2. */
  range?: [number, number];
  /** Fixed values. */
  values?: readonly number[];
}

/** A test of an operation: value against `reference`, gradient with respect to every float input against its differences. */
export interface OpCase {
  name: string;
  inputs: CaseInput[];
  build: (inputs: Tensor[]) => readonly Tensor[];
  reference: (inputs: Nd[]) => readonly Nd[];
  /** Which inputs have a gradient; default: the float32 ones. */
  differentiable?: number[];
  /** How many of the outputs carry a gradient; default all. */
  gradientOutputs?: number;
}
