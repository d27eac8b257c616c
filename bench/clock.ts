// The clock of the jobs: wall time, or the process's CPU time on one thread (`--cpu`), which a busy machine disturbs far less.
import { usableCores } from '../src/trainer/usable-cores.js';

/** True when figures are CPU time. */
export const countsCpu = process.env['BENCH_CLOCK'] === 'cpu';

/** Threads of ONNX Runtime in a job: as many as the trainer takes, or one. */
export const threads = countsCpu ? 1 : await usableCores();

/** Milliseconds since some moment. */
export function now(): number {
  if (!countsCpu) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
