// Runs another program to its end and returns what it printed; a failure carries the last lines of its output.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a command (its words, no shell) and returns its standard output.
 *
 * @throws Error with the last lines that the command printed.
 */
export async function runProgram(
  words: readonly string[],
  { timeoutMs = 15_000, env }: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const [file = '', ...rest] = words;
  try {
    const { stdout } = await execute(file, rest, { timeout: timeoutMs, maxBuffer: 16 << 20, ...(env && { env }) });
    return stdout;
  } catch (error) {
    const { code, killed, stderr, stdout } = error as NodeJS.ErrnoException & {
      killed?: boolean;
      stderr?: string;
      stdout?: string;
    };
    const printed = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').slice(-3).join(' ').slice(0, 500);
    const reason = code === 'ENOENT' ? 'not found' : killed ? `not done after ${timeoutMs / 1000} s` : `exit ${code}`;
    throw new Error(`${words.slice(0, 4).join(' ')}: ${reason}${printed ? `: ${printed}` : ''}`, { cause: error });
  }
}

/** The first of several ways to call a program that works with the given arguments, or undefined. */
export async function firstThatRuns(
  candidates: readonly (readonly string[])[],
  args: readonly string[],
): Promise<readonly string[] | undefined> {
  for (const candidate of candidates) {
    try {
      await runProgram([...candidate, ...args]);
      return candidate;
    } catch {
      // The next one may do.
    }
  }
  return undefined;
}
