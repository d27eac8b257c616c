// The Worker's warm trainer: one process, kept for the store that the runs use and shared by all activities.
import type { StageContext } from '../src/artifacts/stage-context.js';
import { TrainerHost, type TrainerCallOptions } from '../src/trainer/host.js';
import type { TrainerOperation, TrainerOperations } from '../src/trainer/operations.js';
import type { WorkerSettings } from './worker-settings.js';

/** Gives each activity the trainer of its store; close it when the Worker ends. */
export class TrainerPool {
  private host: TrainerHost | undefined;

  constructor(private readonly settings: WorkerSettings) {}

  /** Process id of the warm trainer, if one is there. */
  get pid(): number | undefined {
    return this.host?.pid;
  }

  /** Runs an operation in the trainer, with the stage's signal, progress and warnings. */
  async call<K extends TrainerOperation>(
    operation: K,
    input: TrainerOperations[K]['input'],
    context: StageContext & Pick<TrainerCallOptions, 'onCheckpoint'>,
  ): Promise<TrainerOperations[K]['result']> {
    const host = await this.hostFor(context.store.id);
    return host.call(operation, input, {
      signal: context.signal,
      onProgress: (progress) => context.progress(progress),
      onWarn: (message) => context.warn(message),
      onCheckpoint: context.onCheckpoint,
    });
  }

  /** Ends the trainer. */
  async close(): Promise<void> {
    const { host } = this;
    this.host = undefined;
    await host?.close();
  }

  private async hostFor(storeId: string): Promise<TrainerHost> {
    // Another store stands in the folder now: the old one's trainer is of no more use.
    if (this.host && this.host.storeId !== storeId) await this.close();
    const { store: storeFolder, trainerPath, hangTimeoutMs, threads } = this.settings;
    return (this.host ??= new TrainerHost({ storeFolder, storeId, trainerPath, hangTimeoutMs, threads }));
  }
}
