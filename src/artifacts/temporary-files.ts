// Names of what is being written, and the removal of what dead processes left. A name carries the host, the process and when it started:
// a Worker removes only what a process of its own host has left that certainly does not run any more.
import { readFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const processStart = Date.now() - Math.round(process.uptime() * 1000);
/** The clock of the system's process table ticks a hundred times a second, and two clocks never agree quite. */
const TICKS_PER_SECOND = 100;
const CLOCKS_DIFFER_MS = 10_000;
const processTicks = ownTicks();

/**
 * The name of a temporary file: `<host>~<pid>~<start, ms>~<start, ticks since boot>~<rest>`. The ticks are left out where the system does
 * not tell them; where it does they decide, since they stay when the clock is set.
 */
export function temporaryName(rest: string): string {
  const start = processTicks === undefined ? [processStart] : [processStart, processTicks];
  return [thisHost(), process.pid, ...start, rest].join('~');
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
  const [host, pid, startMs, ...rest] = name.split('~');
  if (host !== thisHost() || rest.length === 0) return false;
  const ticks = rest.length > 1 && /^\d+$/.test(rest[0]!) ? Number(rest[0]) : undefined;
  return !(await isSameProcess(Number(pid), { startMs: Number(startMs), ticks }));
}

function thisHost(): string {
  return hostname().replace(/[^A-Za-z0-9.-]/g, '_');
}

/** True while the process that has this pid is the one that started then. */
async function isSameProcess(
  pid: number,
  { startMs, ticks }: { startMs: number; ticks: number | undefined },
): Promise<boolean> {
  if (pid !== process.pid) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    }
  }
  const actualTicks = pid === process.pid ? processTicks : await ticksOf(pid);
  if (ticks !== undefined && actualTicks !== undefined) return ticks === actualTicks;
  const actualMs = pid === process.pid ? processStart : await clockOf(actualTicks);
  return actualMs === undefined || Math.abs(actualMs - startMs) < CLOCKS_DIFFER_MS;
}

/** When a process started, in ticks since the machine did, where the system tells (Linux). */
async function ticksOf(pid: number): Promise<number | undefined> {
  return ticksIn(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
}

function ownTicks(): number | undefined {
  try {
    return ticksIn(readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    return undefined;
  }
}

/** Field 22. The command's name, in parentheses, may hold blanks: fields are counted from its end. */
function ticksIn(stat: string): number | undefined {
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined ? undefined : Number(ticks);
}

/** Ticks since boot as milliseconds since 1970, by the clock as it is now: for names without ticks. */
async function clockOf(ticks: number | undefined): Promise<number | undefined> {
  if (ticks === undefined) return undefined;
  const boot = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8').catch(() => ''))?.[1];
  return boot === undefined ? undefined : Number(boot) * 1000 + (ticks * 1000) / TICKS_PER_SECOND;
}
