// How often the kernel has killed a process of this control group for lack of memory. SIGKILL alone proves nothing (a person, a
// deploy); only a count that rose does. Linux: cgroup v2 `memory.events`, v1 `memory.oom_control`, else the machine's /proc/vmstat.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The kernel's `oom_kill` count, or undefined where there is none to read (macOS).
 *
 * @param root Stands before `/proc` and `/sys`; tests give a folder.
 */
export async function oomKillCount(root = '/'): Promise<number | undefined> {
  const groups = (await read(join(root, 'proc/self/cgroup'))).split('\n').map((line) => line.split(':'));
  const v2 = groups
    .find(([, controllers]) => controllers === '')
    ?.slice(2)
    .join(':');
  const v1 = groups
    .find(([, controllers]) => controllers?.split(',').includes('memory'))
    ?.slice(2)
    .join(':');
  const candidates = [
    // Inside a container the group's own path may not be visible: its root is then the group.
    ...(v2 === undefined ? [] : [`sys/fs/cgroup${v2}/memory.events`, 'sys/fs/cgroup/memory.events']),
    ...(v1 === undefined
      ? []
      : [`sys/fs/cgroup/memory${v1}/memory.oom_control`, 'sys/fs/cgroup/memory/memory.oom_control']),
    'proc/vmstat',
  ];
  for (const candidate of candidates) {
    const found = /^oom_kill (\d+)$/m.exec(await read(join(root, candidate)));
    if (found) return Number(found[1]);
  }
  return undefined;
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
