// A trainer pool that also hands each report of its trainer to a test.
import { TrainerPool } from '../../activities/index.js';
import type { StageContext } from '../../src/artifacts/stage-context.js';
import type { StageProgress } from '../../src/spec/stages.js';
import type { TrainerOperation, TrainerOperations } from '../../src/trainer/operations.js';

/** Makes such a pool; `pid` is the trainer's, while one runs. */
export function watchedPool(onReport: (report: StageProgress, pid: number | undefined) => void): typeof TrainerPool {
  return class extends TrainerPool {
    override call<K extends TrainerOperation>(
      operation: K,
      input: TrainerOperations[K]['input'],
      context: StageContext,
    ): Promise<TrainerOperations[K]['result']> {
      const progress = (report: StageProgress): void => {
        context.progress(report);
        onReport(report, this.pid);
      };
      return super.call(operation, input, { ...context, progress });
    }
  };
}
