// Which machine the figures are from: a figure means nothing without it.
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { describeMachine } from '../src/training/numerics.js';

/** One line: processor, vector instructions, cores, memory. */
export function machineLine(): string {
  const { instructionSet, onnxRuntime } = describeMachine(1);
  const vectors = ['avx512f', 'avx2', 'asimd'].find((name) => instructionSet.split(' ').includes(name));
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'} (${vectors ?? instructionSet}), ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ONNX Runtime ${onnxRuntime}, Node ${process.version}`;
}

/** Processes that wait for a core besides the bench: above 0.5 its times are no baseline. */
export function loadNow(): number {
  return loadavg()[0] ?? 0;
}
