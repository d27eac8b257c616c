// One forked trainer process, seen from the Worker: a group of its own (a terminal's Ctrl-C does not reach it), a minimal environment
// without secrets, the end of what it wrote to stderr, and how it ended. No native imports.
import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FinalError, RetryableError, errorMessage, isAllocationFailure } from '../errors.js';
import type { TrainerReply, TrainerRequest } from './messages.js';
import { oomKillCount } from './oom-kills.js';
import type { TrainerSettings } from './operations.js';
import { redact } from './redact.js';

/** The only variables that the trainer sees: where programs, libraries and temporary files are, language, threads. */
export const TRAINER_ENVIRONMENT = [
  'PATH',
  'LD_LIBRARY_PATH',
  'TMPDIR',
  'TMP',
  'TEMP',
  'SystemRoot',
  'LANG',
  'LC_ALL',
  'TZ',
  'OMP_NUM_THREADS',
] as const;

/** Reads how often the kernel has killed for lack of memory. */
export type OomKills = () => Promise<number | undefined>;

const TAIL_CHARACTERS = 4000;
const CLOSE_MS = 5000;

/** A trainer process; listens from its first moment, so that no message and no death is missed. */
export class TrainerProcess {
  /** Receives every message while a call runs. */
  onReply: (reply: TrainerReply) => void = () => undefined;
  /** Settles, never rejects, with the error that describes how the process ended. */
  readonly ended: Promise<FinalError | RetryableError>;
  private readonly child: ChildProcess;
  private tail = '';
  private alive = true;
  private killedBecause: RetryableError | undefined;

  private constructor(
    path: string,
    settings: TrainerSettings,
    private readonly oomKills: OomKills,
    private oomKillsBefore: number | undefined,
  ) {
    this.child = fork(path, [JSON.stringify(settings)], {
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      env: minimalEnvironment(),
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.tail = (this.tail + text).slice(-TAIL_CHARACTERS);
      });
    }
    this.child.on('message', (message) => this.onReply(message as TrainerReply));
    this.ended = this.watchEnd(path);
    this.unref();
  }

  /** Forks the trainer. */
  static async start(
    path: string,
    settings: TrainerSettings,
    oomKills: OomKills = oomKillCount,
  ): Promise<TrainerProcess> {
    return new TrainerProcess(path, settings, oomKills, await oomKills());
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get isAlive(): boolean {
    return this.alive && this.child.connected;
  }

  /** Notes how often the kernel has killed so far: at each call, since a warm trainer may be days old. */
  async countKills(): Promise<void> {
    this.oomKillsBefore = await this.oomKills();
  }

  send(request: TrainerRequest): void {
    // A closed channel shows as the end of the process.
    if (this.child.connected) this.child.send(request, () => undefined);
  }

  /** Keeps the Worker's process running while a call runs. */
  ref(): void {
    this.child.ref();
    this.child.channel?.ref();
  }

  /** An idle trainer keeps no Worker running. */
  unref(): void {
    this.child.unref();
    this.child.channel?.unref();
    for (const stream of [this.child.stdout, this.child.stderr]) (stream as Socket | null)?.unref();
  }

  /** Kills the process (and its group) at once; `ended` then gives this reason. */
  kill(reason: RetryableError): void {
    this.killedBecause ??= reason;
    this.killGroup();
  }

  /** Closes the channel, at which the trainer exits; kills it when it has not after five seconds. */
  async close(): Promise<void> {
    if (!this.alive) return;
    if (this.child.connected) this.child.disconnect();
    const timeout = new AbortController();
    const late = sleep(CLOSE_MS, undefined, { signal: timeout.signal }).then(
      () => this.killGroup(),
      () => undefined,
    );
    await this.ended;
    timeout.abort();
    await late;
  }

  private killGroup(): void {
    if (!this.alive || this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      this.child.kill('SIGKILL');
    }
  }

  private async watchEnd(path: string): Promise<FinalError | RetryableError> {
    const closed = new Promise<void>((resolve) => this.child.once('close', () => resolve()));
    const end = await new Promise<{ code: number | null; signal: NodeJS.Signals | null } | { error: Error }>(
      (resolve) => {
        this.child.once('exit', (code, signal) => resolve({ code, signal }));
        this.child.once('error', (error) => resolve({ error }));
      },
    );
    this.alive = false;
    if ('error' in end) {
      return new RetryableError('TrainerDied', `Trainer: ${path} did not start: ${errorMessage(end.error)}`, {
        cause: end.error,
      });
    }
    // What it wrote last may still be on its way.
    await Promise.race([closed, sleep(500, undefined, { ref: false })]);
    return this.killedBecause ?? this.describeEnd(end.code, end.signal);
  }

  private async describeEnd(code: number | null, signal: NodeJS.Signals | null): Promise<FinalError | RetryableError> {
    const tail = redact(this.tail.trim());
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const kills = await this.oomKills();
    const byKernel = signal === 'SIGKILL' && kills !== undefined && kills > (this.oomKillsBefore ?? kills);
    if (byKernel || (code !== 0 && isAllocationFailure(tail))) {
      const who = byKernel ? 'the kernel killed it for lack of memory' : `its allocator failed, ${how}`;
      return new FinalError(
        'OutOfMemory',
        `Trainer: memory ran out: ${who}. Set a smaller training.microBatchSize or training.maxSequenceLength, or give it more memory.`,
      );
    }
    const last = tail === '' ? 'it wrote nothing' : `it wrote last:\n${tail}`;
    return new RetryableError('TrainerDied', `Trainer: process ${this.child.pid} ended by ${how}; ${last}`);
  }
}

function minimalEnvironment(): NodeJS.ProcessEnv {
  const kept = TRAINER_ENVIRONMENT.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}
