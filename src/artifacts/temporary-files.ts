// Names of what is being written, and the removal of what dead processes left. A name carries the host, the process and when it started:
// a Worker removes only what a process of its own host has left that certainly does not run any more.
import { readdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const processStart = Date.now() - Math.round(process.uptime() * 1000);
/** The clock of the system's process table ticks a hundred times a second, and two clocks never agree quite. */
const TICKS_PER_SECOND = 100;
const CLOCKS_DIFFER_MS = 10_000;

/** The name of a temporary file: `<host>~<pid>~<start, ms>~<rest>`. */
export function temporaryName(rest: string): string {
  return `${thisHost()}~${process.pid}~${processStart}~${rest}`;
}

/**
 * Removes the temporary files of processes of this host that run no more.
 *
 * @returns the names of what was removed.
 */
export async function removeDeadTemporaries(storeFolder: string): Promise<string[]> {
  const folder = join(storeFolder, 'tmp');
  const names = await readdir(folder).catch(() => []);
  const removed: string[] = [];
  for (const name of names) {
    if (!(await isLeftBehind(name))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
    removed.push(name);
  }
  return removed;
}

/** True for a name of {@link temporaryName} whose process was one of this host and certainly runs no more. */
export async function isLeftBehind(name: string): Promise<boolean> {
  const [host, pid, start, ...rest] = name.split('~');
  return host === thisHost() && rest.length > 0 && !(await isSameProcess(Number(pid), Number(start)));
}

function thisHost(): string {
  return hostname().replace(/[^A-Za-z0-9.-]/g, '_');
}

/** True while the process that has this pid is the one that started then. */
async function isSameProcess(pid: number, startMs: number): Promise<boolean> {
  if (pid === process.pid) return Math.abs(startMs - processStart) < CLOCKS_DIFFER_MS;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const actual = await startOf(pid);
  return actual === undefined || Math.abs(actual - startMs) < CLOCKS_DIFFER_MS;
}

/** When a process started, in milliseconds since 1970, where the system tells (Linux). */
async function startOf(pid: number): Promise<number | undefined> {
  try {
    const boot = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8'))?.[1];
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in parentheses, may hold blanks: fields are counted from its end.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return boot === undefined || ticks === undefined
      ? undefined
      : Number(boot) * 1000 + (Number(ticks) * 1000) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
