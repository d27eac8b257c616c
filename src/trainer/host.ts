// The Worker's side of the trainer process: one call at a time, progress and warnings as they come, an AbortSignal that asks the
// operation to save and end, a death noticed at once, a hang ended. The process stays warm between calls. No native imports.
import { fileURLToPath } from 'node:url';
import { RetryableError, type FinalErrorType } from '../errors.js';
import type { Stage, StageProgress } from '../spec/stages.js';
import { unpackError, type TrainerReply } from './messages.js';
import type { TrainerOperation, TrainerOperations } from './operations.js';
import { ProgressWatch } from './progress-watch.js';
import { redact } from './redact.js';
import { TrainerProcess, type OomKills } from './trainer-process.js';

const OUT_OF_MEMORY: FinalErrorType = 'OutOfMemory';

/** Options of {@link TrainerHost}. */
export interface TrainerHostOptions {
  storeFolder: string;
  storeId: string;
  /** Script of the trainer process; default: child.js beside this file. */
  trainerPath?: string | undefined;
  /** Milliseconds without progress after which the trainer is killed; default max(5 min, 20 × the median between reports, what the operation said its work takes). */
  hangTimeoutMs?: number | undefined;
  /** Threads of ONNX Runtime; default: one a core that the process may use. */
  threads?: number | undefined;
  /** Where the kernel counts its kills; given by tests. */
  oomKills?: OomKills | undefined;
  /** Milliseconds between the reports of a call that waits for its turn; default one minute. */
  reportWaitEveryMs?: number | undefined;
}

const REPORT_WAIT_EVERY_MS = 60_000;

/** Where a run stands that waits for the trainer. */
const STAGE_OF: Record<TrainerOperation, Stage> = {
  planTraining: 'tokenize',
  openSegment: 'train',
  trainEpoch: 'train',
  evaluateModel: 'evaluate',
  evaluateOn: 'evaluate',
  compareEvaluations: 'evaluate',
  publishComparison: 'publish',
  publishModel: 'publish',
  settleRetrain: 'publish',
  placeChampion: 'publish',
};

/** Options of {@link TrainerHost.call}. */
export interface TrainerCallOptions {
  /** Aborted: the operation saves and ends; some then return what they have, others throw an `AbortError`. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: StageProgress) => void) | undefined;
  onWarn?: ((message: string) => void) | undefined;
  /** Called when the operation is about to save a checkpoint. */
  onCheckpoint?: (() => void) | undefined;
}

/** Runs operations in a trainer process, which it starts when needed. */
export class TrainerHost {
  readonly storeId: string;
  private trainer: TrainerProcess | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private calls = 0;
  private closed = false;

  constructor(private readonly options: TrainerHostOptions) {
    this.storeId = options.storeId;
  }

  /** Process id of the warm trainer, if one is there. */
  get pid(): number | undefined {
    return this.trainer?.isAlive ? this.trainer.pid : undefined;
  }

  /**
   * Runs one operation; calls wait for one another, and report that they do.
   *
   * @throws the operation's own error; RetryableError `TrainerDied` or `TrainerHung`; FinalError `OutOfMemory`.
   */
  call<K extends TrainerOperation>(
    operation: K,
    input: TrainerOperations[K]['input'],
    options: TrainerCallOptions = {},
  ): Promise<TrainerOperations[K]['result']> {
    const before = this.queue;
    const turn = this.itsTurn(before, operation, options).then(() => this.run(operation, input, options));
    this.queue = before.then(() => turn).catch(() => undefined);
    return turn as Promise<TrainerOperations[K]['result']>;
  }

  /** Ends the trainer; a call that runs fails with `TrainerDied`. */
  async close(): Promise<void> {
    this.closed = true;
    await this.trainer?.close();
    await this.queue;
  }

  /** Waits for the calls before this one, or until it is to stop; without reports it would count as hung. */
  private async itsTurn(
    before: Promise<unknown>,
    operation: TrainerOperation,
    { signal, onProgress }: TrainerCallOptions,
  ): Promise<void> {
    const note = 'waiting for the trainer, which works for another run';
    const report = (): void => onProgress?.({ stage: STAGE_OF[operation], done: 0, total: 0, unit: 'steps', note });
    const timer = setInterval(report, this.options.reportWaitEveryMs ?? REPORT_WAIT_EVERY_MS);
    timer.unref();
    let stop = (): void => undefined;
    const aborted = new Promise<void>((resolve) => (stop = resolve));
    signal?.addEventListener('abort', stop);
    try {
      if (signal?.aborted !== true) await Promise.race([before, aborted]);
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', stop);
    }
    signal?.throwIfAborted();
  }

  private async run(
    operation: TrainerOperation,
    input: unknown,
    { signal, onProgress, onWarn, onCheckpoint }: TrainerCallOptions,
  ): Promise<unknown> {
    signal?.throwIfAborted();
    const trainer = await this.warmTrainer();
    const id = ++this.calls;
    const stop = (): void => trainer.send({ type: 'stop', id });
    const watch = new ProgressWatch({
      timeoutMs: this.options.hangTimeoutMs,
      onHang: (ms) => trainer.kill(hung(operation, ms)),
    });
    trainer.ref();
    try {
      const reply = new Promise<TrainerReply & { type: 'result' | 'error' }>((resolve) => {
        trainer.onReply = (message) => {
          if (message.id !== id) return;
          if (message.type === 'progress') {
            watch.note(message.progress.stage);
            onProgress?.(message.progress);
          } else if (message.type === 'silence') {
            watch.expectSilence(message.ms);
          } else if (message.type === 'warning') {
            onWarn?.(message.message);
          } else if (message.type === 'checkpoint') {
            onCheckpoint?.();
          } else {
            resolve(message);
          }
        };
      });
      trainer.send({ type: 'call', id, operation, input });
      signal?.addEventListener('abort', stop);
      if (signal?.aborted) stop();
      const outcome = await Promise.race([reply, trainer.ended]);
      if (outcome instanceof Error) throw outcome;
      if (outcome.type === 'error') {
        // Its process lives, with all the memory that it took: the next call is to have another one.
        if (outcome.error.type === OUT_OF_MEMORY) await trainer.close();
        throw unpackError(outcome.error, redact);
      }
      return outcome.result;
    } finally {
      watch.stop();
      signal?.removeEventListener('abort', stop);
      trainer.onReply = () => undefined;
      trainer.unref();
    }
  }

  private async warmTrainer(): Promise<TrainerProcess> {
    if (this.closed) throw new RetryableError('TrainerDied', 'Trainer: the Worker is closing it');
    if (this.trainer?.isAlive) await this.trainer.countKills();
    if (!this.trainer?.isAlive) {
      const { storeFolder, storeId, threads } = this.options;
      const path = this.options.trainerPath ?? fileURLToPath(new URL('./child.js', import.meta.url));
      const settings = { storeFolder, storeId, ...(threads === undefined ? {} : { threads }) };
      this.trainer = await TrainerProcess.start(path, settings, this.options.oomKills);
      if (this.closed) await this.trainer.close();
    }
    return this.trainer;
  }
}

function hung(operation: TrainerOperation, silentMs: number): RetryableError {
  return new RetryableError(
    'TrainerHung',
    `Trainer: ${operation} reported no progress for ${Math.round(silentMs / 1000)} s; its process was killed`,
  );
}
