// Workers that run as one: once one of them takes no more tasks, for whatever reason, all are told to end, so that their times of grace
// run side by side. One of them may be made while the others run already.
import { once } from 'node:events';
import type { State, Worker } from '@temporalio/worker';

/** How often the states are looked at: the SDK does not tell by itself that a Worker was shut down. */
const LOOK_EVERY_MS = 100;

/** What it takes to run a Worker beside others. */
export type JoinedWorker = Pick<Worker, 'run' | 'getState' | 'shutdown'>;

/** Several Workers as one. */
export interface JoinedWorkers {
  /** Runs until {@link shutdown} or a signal; fails with the first failure of one of them, after the others have stopped. */
  run(): Promise<void>;
  /** Asks all of them to stop; `run` ends when they have. */
  shutdown(): void;
}

/** Runs several Workers as one: when one stops, all stop. */
export function joinWorkers(workers: readonly JoinedWorker[]): JoinedWorkers {
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const look = (): void => {
    if (!workers.every(takesTasks)) shutdown();
  };
  return {
    shutdown,
    run: async () => {
      const failures: unknown[] = [];
      const runs = workers.map((worker) =>
        worker
          .run()
          .catch((error: unknown) => failures.push(error))
          .finally(shutdown),
      );
      const looking = setInterval(look, LOOK_EVERY_MS);
      await Promise.all(runs);
      clearInterval(looking);
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** False from the moment on that a Worker is told to end. */
export function takesTasks(worker: Pick<Worker, 'getState'>): boolean {
  return ['INITIALIZED', 'RUNNING'].includes(worker.getState());
}

/** A Worker that is made while it counts as running already; without one it waits for its end. */
export class LateWorker implements JoinedWorker {
  private worker: Worker | undefined;
  private readonly end = new AbortController();

  constructor(private readonly make: () => Promise<Worker | undefined>) {}

  async run(): Promise<void> {
    const { signal } = this.end;
    this.worker = await this.make();
    if (this.worker) {
      const running = this.worker.run();
      // It had to run nevertheless: a Worker holds its connection until it has.
      if (signal.aborted) this.worker.shutdown();
      await running;
    } else if (!signal.aborted) {
      await once(signal, 'abort');
    }
  }

  getState(): State {
    return this.worker?.getState() ?? (this.end.signal.aborted ? 'STOPPING' : 'RUNNING');
  }

  shutdown(): void {
    this.end.abort();
    this.worker?.shutdown();
  }
}
