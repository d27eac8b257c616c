// The trainer's side of the channel: takes one call at a time, answers with progress, warnings, a result or an error, and exits as soon
// as the channel to the Worker closes (between two steps when it is busy), so that no trainer outlives its Worker.
import { openLocalStore } from '../artifacts/local-store.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { StageProgress } from '../spec/stages.js';
import { packError, type TrainerReply, type TrainerRequest } from './messages.js';
import type { TrainerContext, TrainerImplementation, TrainerOperation, TrainerSettings } from './operations.js';

const PROGRESS_EVERY_MS = 50;

/** Serves the operations to the parent process until it closes the channel. */
export function serveTrainer(createOperations: (settings: TrainerSettings) => TrainerImplementation): void {
  if (!process.send) {
    console.error('Trainer: this program is started by the Worker, not by hand');
    process.exit(2);
  }
  const settings = JSON.parse(process.argv[2] ?? '{}') as TrainerSettings;
  const operations = createOperations(settings);
  const running = new Map<number, AbortController>();
  const stores = new StoreKeeper(settings);

  process.on('disconnect', () => process.exit(0));
  process.on('message', (request: TrainerRequest) => {
    if (request.type === 'stop') {
      running.get(request.id)?.abort(abortError());
      return;
    }
    const { id, operation, input } = request;
    const controller = new AbortController();
    running.set(id, controller);
    const work = async (): Promise<unknown> => {
      const context: TrainerContext = {
        store: await stores.open(),
        signal: controller.signal,
        progress: thinned((progress) => reply({ type: 'progress', id, progress })),
        warn: (message) => reply({ type: 'warning', id, message }),
        expectSilence: (ms) => reply({ type: 'silence', id, ms }),
        onCheckpoint: () => reply({ type: 'checkpoint', id }),
      };
      return run(operations, operation, input, context);
    };
    void work()
      .then(
        (result) => reply({ type: 'result', id, result }),
        (error: unknown) => reply({ type: 'error', id, error: packError(error) }),
      )
      .finally(() => running.delete(id));
  });
}

function run(
  operations: TrainerImplementation,
  operation: TrainerOperation,
  input: unknown,
  context: TrainerContext,
): Promise<unknown> {
  const code = operations[operation] as ((input: unknown, context: TrainerContext) => Promise<unknown>) | undefined;
  if (!code) throw new Error(`Trainer: unknown operation, got ${operation}. Worker and trainer are of two versions.`);
  return code(input, context);
}

/** Keeps one opened store (it remembers what it has verified), and looks at its identity again before every call. */
class StoreKeeper {
  private store: ArtifactStore | undefined;
  constructor(private readonly settings: TrainerSettings) {}

  async open(): Promise<ArtifactStore> {
    const { storeFolder: folder, storeId: expectedId } = this.settings;
    const opened = await openLocalStore({ folder, expectedId });
    return (this.store ??= opened);
  }
}

/**
 * Lets through the first report of a stage, the last one, and in between one every 50 ms; likewise one with a step's loss every 50 ms,
 * however many of the same step came before it.
 *
 * @param now Milliseconds of a steady clock; tests give their own.
 */
export function thinned(
  report: (progress: StageProgress) => void,
  now: () => number = () => performance.now(),
): (progress: StageProgress) => void {
  let stage = '';
  let step = -1;
  // Of any report, and of one with the loss of a step that had none before: a report between micro-batches holds up no step's.
  let last = -Infinity;
  let lastStep = -Infinity;
  return (progress) => {
    const at = now();
    const isEdge = progress.stage !== stage || progress.done === progress.total;
    const isStep = progress.loss !== undefined && (progress.stage !== stage || progress.done !== step);
    if (!isEdge && at - (isStep ? lastStep : last) < PROGRESS_EVERY_MS) return;
    ({ stage } = progress);
    last = at;
    if (isStep) [step, lastStep] = [progress.done, at];
    report(progress);
  };
}

function reply(message: TrainerReply): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function abortError(): Error {
  return new DOMException('The call was asked to stop', 'AbortError');
}
