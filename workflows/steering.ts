// Changes of a run in training: what is asked for is checked, kept until the running activity has saved and returned, and then taken by
// the loop (train.ts), which opens a new segment from that checkpoint. So every change stands in the history and replays.
import { ApplicationFailure } from '@temporalio/workflow';
import { MOST_EPOCHS, type TrainingSpec } from '../src/spec/spec.js';
import type { Run } from './run.js';

/** Changes a run, over all its kinds: each stands in what is carried along and in the report. */
const MOST_CHANGES = 30;

/** Settings that may change while a run goes on. */
export type ChangedSettings = Partial<Pick<TrainingSpec, 'learningRate' | 'epochs'>>;

/** Where an early stop ended training: in which epoch and after which step of the whole run; without a step at the epoch's end. */
export interface TrainingStop {
  epoch: number;
  step?: number;
}

/** Takes changes for one run. */
export class Steering {
  /** True once no step will be trained any more, whatever is asked. */
  private closed = false;

  /**
   * @param training what training is to end with: the spec's settings and every accepted change.
   * @param pending changes that are not yet part of a segment.
   * @param options `isTrial`: a trial of a sweep, whose settings stay.
   * @param stop where an early stop ended training, once damaged results sent the run back behind it.
   */
  constructor(
    private readonly run: Run,
    public training: TrainingSpec,
    public pending: ChangedSettings = {},
    private readonly options: { isTrial?: boolean } = {},
    public stop?: TrainingStop,
  ) {}

  /** True when a change waits for {@link take}. */
  get isAsked(): boolean {
    return Object.keys(this.pending).length > 0;
  }

  /** True when the training of this epoch is to end after a step: the present one, or that of {@link stop}. */
  stopsIn(epoch: number): boolean {
    if (this.stop) return this.stop.step !== undefined && epoch >= this.stop.epoch;
    return this.progress.stopping === 'step';
  }

  /** What was asked for since the last call. */
  take(): ChangedSettings | undefined {
    const changes = this.pending;
    this.pending = {};
    return Object.keys(changes).length === 0 ? undefined : changes;
  }

  /** True when another epoch follows, `step` steps being done. */
  hasEpoch(epoch: number, step: number): boolean {
    if (this.stop) return epoch <= this.stop.epoch && step < (this.stop.step ?? Infinity);
    return !this.progress.stopping && epoch <= this.training.epochs;
  }

  /** Nothing can be changed from now on. */
  close(): void {
    this.closed = true;
  }

  /** Training begins again, after damaged results. */
  reopen(): void {
    this.closed = false;
  }

  /** Notes where a run that stops early stands, before it goes back behind that: it ends there again. */
  rememberStop(): void {
    const { stopping, epoch, step } = this.progress;
    if (!stopping || this.stop) return;
    this.stop = { epoch, ...(stopping === 'step' && { step: Math.max(step, 1) }) };
  }

  checkStopEarly(change: unknown): void {
    this.demandOpen('stopEarly');
    if (change !== undefined && change !== null) {
      const { after = 'step' } = fieldsOf('stopEarly', change, ['after'], '{"after": "epoch"}');
      if (after !== 'step' && after !== 'epoch') {
        refuse(`stopEarly: after is "step" (the present one) or "epoch" (its end), got ${JSON.stringify(after)}`);
      }
    }
    if (this.progress.epoch === 0) {
      refuse('stopEarly: nothing is trained yet, so there is nothing to publish. Cancel the run instead.');
    }
  }

  stopEarly(change?: { after?: 'step' | 'epoch' } | null): string {
    const after = change?.after ?? 'step';
    this.progress.stopping = after;
    if (after === 'step') {
      this.progress.paused = false;
      this.interrupt();
    }
    this.run.show();
    return after === 'step'
      ? 'training ends after the present step; then it is evaluated and published'
      : `training ends with epoch ${this.progress.epoch}; then it is evaluated and published`;
  }

  checkLearningRate(change: unknown): void {
    this.demandOpen('setLearningRate');
    const { learningRate } = fieldsOf('setLearningRate', change, ['learningRate'], '{"learningRate": 0.00001}');
    if (typeof learningRate !== 'number' || !Number.isFinite(learningRate) || learningRate <= 0 || learningRate > 1) {
      refuse(`setLearningRate: learningRate is a number above 0 and at most 1, got ${JSON.stringify(learningRate)}`);
    }
    const present = this.training.learningRate;
    if (learningRate === present) refuse(`setLearningRate: the peak learning rate is ${present} already`);
    if (this.progress.epoch === this.training.epochs && this.progress.stage !== 'train') {
      refuse(
        'setLearningRate: the last epoch is trained, so no step would use it. Extend the run first (extendEpochs).',
      );
    }
    this.demandRoom('setLearningRate');
  }

  setLearningRate({ learningRate }: { learningRate: number }): string {
    const before = this.training.learningRate;
    this.pending.learningRate = learningRate;
    this.training = { ...this.training, learningRate };
    this.interrupt();
    return `the peak learning rate is ${learningRate} from the next step on (before: ${before})`;
  }

  checkExtendEpochs(change: unknown): void {
    this.demandOpen('extendEpochs');
    const { epochs } = fieldsOf('extendEpochs', change, ['epochs'], '{"epochs": 5}');
    const present = this.progress.epochs;
    if (typeof epochs !== 'number' || !Number.isInteger(epochs) || epochs <= present || epochs > MOST_EPOCHS) {
      refuse(
        `extendEpochs: epochs is the number of epochs in all, a whole number above ${present} and at most ${MOST_EPOCHS}, ` +
          `got ${JSON.stringify(epochs)}. To train fewer, use stopEarly.`,
      );
    }
    this.demandRoom('extendEpochs');
  }

  extendEpochs({ epochs }: { epochs: number }): string {
    const before = this.progress.epochs;
    this.pending.epochs = epochs;
    this.training = { ...this.training, epochs };
    this.run.changeEpochs(epochs);
    this.interrupt();
    return `${epochs} epochs in all (before: ${before}), from the next step on by the schedule of ${epochs} epochs`;
  }

  /** Ends the training in progress, which saves and returns. */
  private interrupt(): void {
    this.run.interruptTraining();
  }

  private get progress(): Run['state']['progress'] {
    return this.run.state.progress;
  }

  private demandOpen(update: string): void {
    if (this.options.isTrial) {
      refuse(
        `${update}: a trial keeps its settings, so that the trials of a sweep can be compared. It may be cancelled; the sweep then goes on with the others.`,
      );
    }
    if (this.closed) refuse(`${update}: training is over, got a run in the stage "${this.progress.stage}"`);
    if (this.progress.stopping)
      refuse(`${update}: the run is stopping early already, after the present ${this.progress.stopping}`);
  }

  private demandRoom(update: string): void {
    if (this.progress.changes.length >= MOST_CHANGES) {
      refuse(
        `${update}: a run may be changed ${MOST_CHANGES} times, got as many. Start a new run with other settings.`,
      );
    }
  }
}

/** The fields of an update's argument, or what it should look like. */
function fieldsOf(update: string, value: unknown, known: string[], example: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(`${update}: give an object such as ${example}, got ${JSON.stringify(value) ?? 'nothing'}`);
  }
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    refuse(
      `${update}: unknown field ${unknown.map((key) => `"${key}"`).join(', ')}; known: ${known.join(', ')}. Example: ${example}`,
    );
  }
  return value as Record<string, unknown>;
}

/** The sender reads the message; a stack of ours tells them nothing. */
function refuse(message: string): never {
  const failure = ApplicationFailure.nonRetryable(message, 'InvalidUpdate');
  failure.stack = `InvalidUpdate: ${message}`;
  throw failure;
}
