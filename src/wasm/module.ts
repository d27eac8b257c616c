// A WebAssembly module made in memory (https://webassembly.github.io/spec/core/binary/modules.html): functions with a memory of their own,
// all exported. No imports, tables or globals. The loops that need more lanes than JavaScript has are written so: no file has to be built
// for tests and for both forms of the package, and nothing has to be installed.
import { unsigned, type Code } from './expressions.js';

/** Types of values by their code in the format. */
export const VALUE_TYPES = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;

/** Name of a type. */
export type ValueType = keyof typeof VALUE_TYPES;

/** A function without a result. Its locals are numbered: parameters first, then `locals` in their order. */
export interface WasmFunction {
  parameters: readonly ValueType[];
  /** Each type with how many there are of it. */
  locals: readonly (readonly [count: number, type: ValueType])[];
  code: Code;
}

/** A memory that is read and written from outside; it may have another buffer once it has grown. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** By so many pages of {@link PAGE_BYTES}. */
  grow(pages: number): number;
}

/** A page of memory. */
export const PAGE_BYTES = 1 << 16;

/** What is used of the standard's JavaScript interface, which Node's types leave out. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}

const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const sized = (content: Code): Code => [...unsigned(content.length), ...content];
const section = (id: number, items: readonly Code[]): Code => [id, ...sized(vector(items))];
const text = (value: string): Code => sized([...Buffer.from(value)]);

/** The file of a module with these functions and so many pages of memory. */
export function encodeModule(functions: Readonly<Record<string, WasmFunction>>, pages = 1): Uint8Array {
  const [names, all] = [Object.keys(functions), Object.values(functions)];
  const types = all.map(({ parameters }) => [0x60, ...vector(parameters.map((type) => [VALUE_TYPES[type]])), 0]);
  const bodies = all.map(({ locals, code }) => {
    const declared = locals.map(([count, type]) => [...unsigned(count), VALUE_TYPES[type]]);
    return sized([...vector(declared), ...code, 0x0b]);
  });
  const exported = names.map((name, at) => [...text(name), 0, ...unsigned(at)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(
      3,
      all.map((_, at) => unsigned(at)),
    ),
    ...section(5, [[0, ...unsigned(pages)]]),
    ...section(7, [...exported, [...text('memory'), 2, 0]]),
    ...section(10, bodies),
  ]);
}

/**
 * Compiles the functions; `Exports` says how they are called (`i32` and `f64` parameters are numbers).
 *
 * @throws Error of WebAssembly when the code is not valid.
 */
export function instantiate<Exports extends object>(
  functions: Readonly<Record<Extract<keyof Exports, string>, WasmFunction>>,
  pages = 1,
): Exports & { memory: WasmMemory } {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  return new Instance(new Module(encodeModule(functions, pages))).exports as Exports & { memory: WasmMemory };
}
