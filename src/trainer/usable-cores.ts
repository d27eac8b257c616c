// How many threads the trainer computes with when nobody says: the processor's cores that this process may run on, two hardware threads
// of one core counted once, and no more than its container may use. ONNX Runtime's own choice is all cores of the machine, whatever the
// container; the number is settled here so that what is recorded with a checkpoint is what it was made with.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { readGroupFile, readText } from './cgroup.js';

/**
 * Cores to compute on, at least 1; where the system does not tell (not Linux), what Node counts.
 *
 * @param root Stands before `/proc` and `/sys`; tests give a folder.
 */
export async function usableCores(root = '/'): Promise<number> {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(await readText(join(root, 'proc/self/status')))?.[1];
  if (allowed === undefined) return availableParallelism();
  const siblings = await Promise.all(numbersOf(allowed).map((cpu) => siblingsOf(root, cpu)));
  const cores = new Set(siblings).size;
  return Math.max(1, Math.min(cores, Math.ceil(await quota(root))));
}

/** Names the core of a hardware thread by all threads of it. */
async function siblingsOf(root: string, cpu: number): Promise<string> {
  const text = await readText(join(root, `sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`));
  return text.trim() || String(cpu);
}

/** Processors' worth of time that the control group gets. */
async function quota(root: string): Promise<number> {
  const limits = await readGroupFile(root, { v2: 'cpu.max', v1: ['cpu', 'cpu.cfs_quota_us'] });
  const periods = await readGroupFile(root, { v2: 'cpu.max', v1: ['cpu', 'cpu.cfs_period_us'] });
  const shares = limits.map((limit, at) => {
    const [granted = '', ofPeriod] = limit.trim().split(/\s+/);
    const period = Number(ofPeriod ?? periods[at]);
    return Number(granted) > 0 && period > 0 ? Number(granted) / period : Infinity; // `max` and -1: no limit
  });
  return Math.min(...shares);
}

/** `0-2,5` → 0, 1, 2, 5. */
function numbersOf(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}
