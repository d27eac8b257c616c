// What an emission rule is, and what several rules share.
import type { Op } from '../ops.js';
import type { Node } from '../tensor.js';
import type { Emitter } from './emitter.js';

/** Where an emission rule works: the names of the node's inputs, and which of its outputs somebody reads. */
export interface EmissionSite {
  readonly emitter: Emitter;
  readonly inputs: readonly string[];
  readonly isUsed: (output: number) => boolean;
}

/** Adds the ONNX nodes of one IR node; returns the names of its outputs (of those that are used, at their places). */
export type EmissionRule<K extends Op> = (node: Node<K>, site: EmissionSite) => readonly string[];

/** The ONNX operator of the same name, without attributes. */
export function sameName<K extends Op>(op: K): EmissionRule<K> {
  return (_node, { emitter, inputs }) => [emitter.add(op, inputs)];
}

/** `x · factor`, or x itself for 1. */
export function scaled(emitter: Emitter, x: string, factor: number): string {
  return factor === 1 ? x : emitter.add('Mul', [x, emitter.float(factor)]);
}
