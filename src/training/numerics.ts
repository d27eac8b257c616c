// What decides the last bits of a training beside its lineage: the version of the project's own arithmetic, and the machine.
// The version is part of the lineage; the machine is recorded beside a checkpoint, outside of what is hashed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';

/**
 * Raised when a change moves the numbers of training: the test of a 20-step run holds its hash. A deploy that changes no numbers keeps it,
 * and resumes what ran before.
 */
export const NUMERICS_VERSION = 4;

/** Up to so many threads give the same bits (threads.test.ts) where each has {@link COLUMNS_THAT_AGREE} of the encoder's units. */
export const THREADS_THAT_AGREE = 4;
/**
 * ONNX Runtime cuts a product with fewer rows than columns, as those of a small batch are, into columns for each thread; a part of less
 * than so many is added up in another order.
 */
export const COLUMNS_THAT_AGREE = 65;

/** The machine, as far as it may change the last bits of a result. */
export interface Machine {
  onnxRuntime: string;
  platform: string;
  /** Vector extensions that ONNX Runtime chooses its kernels by, or the processor's name where they cannot be read. */
  instructionSet: string;
  /** Of ONNX Runtime; results hang on it above {@link THREADS_THAT_AGREE}, and in narrow encoders. */
  threads: number;
  /** Absent: 1. */
  numericsVersion?: number;
}

/** Extensions that MLAS, the matrix library of ONNX Runtime, asks for. */
const VECTOR_EXTENSIONS = [
  'avx2',
  'fma',
  'f16c',
  'avx_vnni',
  'avx512f',
  'avx512bw',
  'avx512dq',
  'avx512vl',
  'avx512_vnni',
  'avx512_bf16',
  'amx_tile',
  'amx_int8',
  'amx_bf16',
  'asimd',
  'asimddp',
  'asimdhp',
  'i8mm',
  'bf16',
  'sve',
];

/** Describes this machine; `threads`: that ONNX Runtime was told to use. */
export function describeMachine(threads: number): Machine {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return {
    onnxRuntime: version,
    platform: `${process.platform}-${process.arch}`,
    instructionSet: instructionSet(),
    threads,
    numericsVersion: NUMERICS_VERSION,
  };
}

/** Why results of two machines for an encoder of so many units may differ in their last bits, or undefined when they do not. */
export function machineDifference(recorded: Machine, here: Machine, units: number): string | undefined {
  const fields = ['onnxRuntime', 'platform', 'instructionSet'] as const;
  const most = Math.max(recorded.threads, here.threads);
  const threadsMatter = most > THREADS_THAT_AGREE || units < most * COLUMNS_THAT_AGREE;
  const version = ({ numericsVersion = 1 }: Machine): number => numericsVersion;
  const differing = [...fields, ...(threadsMatter ? (['threads'] as const) : [])].filter(
    (field) => recorded[field] !== here[field],
  );
  const told = differing.map((field) => `${field} was ${recorded[field]}, is ${here[field]} here`);
  if (version(recorded) !== version(here)) {
    told.push(`numericsVersion was ${version(recorded)}, is ${version(here)} here`);
  }
  return told.length === 0 ? undefined : told.join('; ');
}

function instructionSet(): string {
  try {
    const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    const present = new Set(flags.split(/\s+/));
    const found = VECTOR_EXTENSIONS.filter((extension) => present.has(extension));
    if (found.length > 0) return found.join(' ');
  } catch {
    // Not Linux: the processor's name stands for its extensions.
  }
  return cpus()[0]?.model ?? 'unknown';
}
