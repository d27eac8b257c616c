// How often the kernel has killed a process of this control group for lack of memory. SIGKILL alone proves nothing (a person, a
// deploy); only a count that rose does. Linux: cgroup v2 `memory.events`, v1 `memory.oom_control`, else the machine's /proc/vmstat.
import { join } from 'node:path';
import { readGroupFile, readText } from './cgroup.js';

/**
 * The kernel's `oom_kill` count, or undefined where there is none to read (macOS).
 *
 * @param root Stands before `/proc` and `/sys`; tests give a folder.
 */
export async function oomKillCount(root = '/'): Promise<number | undefined> {
  const ofGroup = await readGroupFile(root, { v2: 'memory.events', v1: ['memory', 'memory.oom_control'] });
  for (const text of [...ofGroup, await readText(join(root, 'proc/vmstat'))]) {
    const found = /^oom_kill (\d+)$/m.exec(text);
    if (found) return Number(found[1]);
  }
  return undefined;
}
