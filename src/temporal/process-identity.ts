// Which process a pid means. Pids are used again, so a process is known by its pid together with the time it started
// (and the machine's boot); only then may it be told to end.
import { readFile } from 'node:fs/promises';
import { runProgram } from './run-program.js';

/** A process, known again later. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque: the start time as the system tells it, with the boot's id where there is one. */
  startTime: string;
}

/** The identity of the process that has this pid now, or undefined when there is none (a zombie counts as none). */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = process.platform === 'linux' ? await linuxStartTime(pid) : await otherStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** True while exactly this process runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.startTime === identity.startTime;
}

/**
 * Ends exactly this process: SIGTERM, and SIGKILL when it is still there after `graceMs`.
 *
 * @returns false when it did not run any more.
 */
export async function endProcess(identity: ProcessIdentity, { graceMs = 15_000 } = {}): Promise<boolean> {
  if (!(await isRunning(identity))) return false;
  process.kill(identity.pid, 'SIGTERM');
  if (!(await goneWithin(identity, graceMs))) {
    process.kill(identity.pid, 'SIGKILL');
    await goneWithin(identity, 5_000);
  }
  return true;
}

async function goneWithin(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  for (const end = Date.now() + limitMs; Date.now() < end;) {
    if (!(await isRunning(identity))) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return !(await isRunning(identity));
}

async function linuxStartTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The command's name, in parentheses, may hold blanks: fields are counted from its end (state is the first, start time the 20th).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${fields[19]}@${boot.trim()}`;
}

async function otherStartTime(pid: number): Promise<string | undefined> {
  const printed = await runProgram(['ps', '-o', 'stat=,lstart=', '-p', String(pid)]).catch(() => '');
  const [state = '', ...started] = printed.trim().split(/\s+/);
  return started.length === 0 || state.startsWith('Z') ? undefined : started.join(' ');
}
