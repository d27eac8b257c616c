// Memory in which the optimizer's loops (adamw-code.ts) work in place: parameters with room for their moments, in memories of WebAssembly
// modules; the tables' gradients lie in such a one too (gradient-store.ts). What lies elsewhere goes through blocks, with the same bits
// (adamw-loops.ts). A memory is never grown, which would take its arrays away from those who hold them.
import { BLOCK, compileAdamWCode, FREE_AT, SUMS_AT, type AdamWCode } from './adamw-code.js';

/** A module with its memory. */
export interface AdamWMemory {
  code: AdamWCode;
  /** The gradient's block. */
  gradient: Float32Array;
  sums: Float64Array;
  /** Where the next array begins; bytes. */
  next: number;
}

/** Arrays begin at a line of the caches. */
const LINE_BYTES = 64;

/** A memory holds at most so much, but for one parameter that is larger: less than the 4 GB that addresses reach. */
const MEMORY_BYTES = 2 ** 30;
const MOST_BYTES = 2 ** 32 - 2 ** 20;

const memories = new WeakMap<ArrayBuffer, AdamWMemory>();

/** The memory that an array lies in; undefined when it is another array. */
export function memoryOf({ buffer }: Float32Array): AdamWMemory | undefined {
  return memories.get(buffer as ArrayBuffer);
}

/** A new memory with room for arrays of these lengths. */
export function createMemory(lengths: readonly number[]): AdamWMemory {
  const code = compileAdamWCode(FREE_AT + lengths.reduce((sum, length) => sum + bytesOf(length), 0));
  const { buffer } = code.memory;
  const gradient = new Float32Array(buffer, 0, BLOCK);
  const memory = { code, gradient, sums: new Float64Array(buffer, SUMS_AT, 4), next: FREE_AT };
  memories.set(buffer, memory);
  return memory;
}

/** An array of zeros in a memory; undefined when it has no room left. */
export function takeArray(memory: AdamWMemory, length: number): Float32Array | undefined {
  const { buffer } = memory.code.memory;
  if (memory.next + bytesOf(length) > buffer.byteLength) return undefined;
  const array = new Float32Array(buffer, memory.next, length);
  memory.next += bytesOf(length);
  return array;
}

/**
 * Arrays of zeros for parameters of these lengths, with room beside each for two moments ({@link takeBeside}). One that no memory can
 * address with its moments, of some 350 million values, is an array of its own.
 */
export function allocateParameters(lengths: readonly number[]): Float32Array[] {
  const arrays: Float32Array[] = [];
  for (let begin = 0; begin < lengths.length;) {
    let [end, bytes] = [begin + 1, 3 * bytesOf(lengths[begin]!)];
    while (end < lengths.length && bytes + 3 * bytesOf(lengths[end]!) <= MEMORY_BYTES) {
      bytes += 3 * bytesOf(lengths[end++]!);
    }
    const part = lengths.slice(begin, end);
    const memory = bytes <= MOST_BYTES ? createMemory([...part, ...part, ...part]) : undefined;
    for (const length of part) arrays.push((memory && takeArray(memory, length)) ?? new Float32Array(length));
    begin = end;
  }
  return arrays;
}

/** An array of zeros as long as a parameter: in the parameter's memory while it has room, or its own. */
export function takeBeside(parameter: Float32Array): Float32Array {
  const memory = memoryOf(parameter);
  return (memory && takeArray(memory, parameter.length)) ?? new Float32Array(parameter.length);
}

function bytesOf(length: number): number {
  return Math.ceil((length * Float32Array.BYTES_PER_ELEMENT) / LINE_BYTES) * LINE_BYTES;
}
