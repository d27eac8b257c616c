// A trainer pool that also hands each report of its trainer to a test.
import { TrainerPool } from '../../activities/index.js';
import type { StageContext } from '../../src/artifacts/stage-context.js';
import type { StageProgress } from '../../src/spec/stages.js';
import type { TrainerOperation, TrainerOperations } from '../../src/trainer/operations.js';

/** The call that a report comes from; one object a call. */
export interface WatchedCall {
  /** Aborted when the call is asked to stop. */
  readonly signal: AbortSignal;
  /** Resolves when the call has ended, however it did. */
  readonly ended: Promise<void>;
  /** The trainer's process, while one runs. */
  readonly pid: () => number | undefined;
}

/** Makes such a pool. */
export function watchedPool(onReport: (report: StageProgress, call: WatchedCall) => void): typeof TrainerPool {
  return class extends TrainerPool {
    override async call<K extends TrainerOperation>(
      operation: K,
      input: TrainerOperations[K]['input'],
      context: StageContext,
    ): Promise<TrainerOperations[K]['result']> {
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const call: WatchedCall = { signal: context.signal, ended, pid: () => this.pid };
      const progress = (report: StageProgress): void => {
        context.progress(report);
        onReport(report, call);
      };
      try {
        return await super.call(operation, input, { ...context, progress });
      } finally {
        end();
      }
    }
  };
}
