// One run's surroundings inside the workflow: its state, the calls of activities with what belongs to every one of them (waiting while
// paused, warnings, the page), and the scope of the training that a pause may stop.
import { CancelledFailure, CancellationScope, condition, setCurrentDetails } from '@temporalio/workflow';
import type { Activities, Told } from '../activities/activities.js';
import type { PinResult } from '../src/spec/preparation-stages.js';
import type { Stage } from '../src/spec/stages.js';
import type {
  KeepEpochsInput,
  KeepEpochsResult,
  OpenSegmentInput,
  OpenSegmentResult,
  TrainEpochInput,
  TrainEpochResult,
} from '../src/spec/training-stages.js';
import { renderDetails } from './details.js';
import { activitiesOn, type CallActivity } from './proxies.js';
import { isOutOfMemory, mayPass } from './failures.js';
import { addWarnings, advance, recount, type RunState } from './progress.js';

/** Calls stages one after the other for one run. */
export class Run {
  /** How often the run went back to make damaged results again. */
  repairs = 0;
  /** Behind the activities' ids, where the same stages run for several inputs. */
  suffix = '';
  private call: CallActivity = activitiesOn();
  private trainerCall: CallActivity = activitiesOn();
  private training: CancellationScope | undefined;

  /** @param render The run's page; workflows of several runs have another one. */
  constructor(
    readonly state: RunState,
    private readonly render: () => string = () => renderDetails(state),
  ) {}

  /** Activities that use the trainer go to its queue from now on, and all keep to the times that the Worker's owner set. */
  useWorker({ trainingTaskQueue, activityTimes }: Pick<PinResult, 'trainingTaskQueue' | 'activityTimes'>): void {
    this.call = activitiesOn(undefined, activityTimes);
    this.trainerCall = activitiesOn(trainingTaskQueue, activityTimes);
  }

  /** Runs a stage on the workflow's own task queue. */
  stage<K extends keyof Activities>(
    stage: Stage,
    name: K,
    activityId: string,
    summary: string,
    input: Parameters<Activities[K]>[0],
  ): ReturnType<Activities[K]> {
    return this.through(stage, this.call, name, activityId, summary, input) as ReturnType<Activities[K]>;
  }

  /** Runs a stage in the trainer; `freshInput` is the input after a lack of memory, default the same. */
  trainerStage<K extends keyof Activities>(
    stage: Stage,
    name: K,
    activityId: string,
    summary: string,
    input: Parameters<Activities[K]>[0],
    freshInput = input,
  ): ReturnType<Activities[K]> {
    const result = this.through(stage, this.trainerCall, name, activityId, summary, input, freshInput);
    return result as ReturnType<Activities[K]>;
  }

  /** Plans a new segment of the training. */
  openSegment(activityId: string, summary: string, input: OpenSegmentInput): Promise<OpenSegmentResult> {
    return this.trainerCall('openSegment', this.id(activityId), summary, input);
  }

  /** Puts the results of epochs into the store. */
  keepEpochs(activityId: string, input: KeepEpochsInput): Promise<KeepEpochsResult> {
    return this.call('keepEpochs', this.id(activityId), 'Results of the epochs so far', input);
  }

  /**
   * Trains on inside one epoch until its end, until a pause or a change interrupts it, or until `untilStep`.
   *
   * @returns undefined when it was interrupted and gave no result: it had not begun, or died while it was asked to stop.
   */
  async trainEpoch(summary: string, input: TrainEpochInput): Promise<TrainEpochResult | undefined> {
    const scope = new CancellationScope();
    this.training = scope;
    let result: TrainEpochResult | undefined;
    try {
      result = await scope.run(() =>
        this.trainerCall('trainEpoch', this.id(`train-epoch-${input.epoch}`), summary, input),
      );
      addWarnings(this.state, result.warnings);
    } catch (error) {
      // The server does not retry what was asked to stop: what it saved is the truth, and the next call goes on from there.
      if (!scope.consideredCancelled || !mayPass(error)) throw error;
    } finally {
      this.training = undefined;
    }
    // A whole epoch counts also when the run was cancelled meanwhile; the next stage is not begun then.
    if (CancellationScope.current().consideredCancelled && !result?.finished) {
      throw new CancelledFailure('The run was cancelled; a new start goes on from the last checkpoint');
    }
    return result;
  }

  pause(): void {
    this.state.progress.paused = true;
    this.interruptTraining();
    this.show();
  }

  resume(): void {
    this.state.progress.paused = false;
    this.show();
  }

  /** Lets the training activity, where one runs, save and return. */
  interruptTraining(): void {
    this.training?.cancel();
  }

  /** Another number of epochs in all. */
  changeEpochs(epochs: number): void {
    const { progress } = this.state;
    progress.epochs = epochs;
    recount(this.state, Math.max(0, progress.epoch - 1));
    this.show();
  }

  /** Renders the run's page anew. */
  show(): void {
    setCurrentDetails(this.render());
  }

  private async through<K extends keyof Activities>(
    stage: Stage,
    call: CallActivity,
    name: K,
    activityId: string,
    summary: string,
    input: Parameters<Activities[K]>[0],
    freshInput = input,
  ): Promise<unknown> {
    await this.whilePaused();
    this.state.progress.stage = stage;
    this.show();
    const result = await this.withFreshTrainer<Told<object>>(activityId, (id, isFresh) =>
      call(name, id, summary, isFresh ? freshInput : input),
    );
    addWarnings(this.state, result.warnings);
    advance(this.state);
    return result;
  }

  /** Calls once more when memory ran out: the trainer that died held a training's memory too, the next one does not. */
  private async withFreshTrainer<T>(
    activityId: string,
    call: (id: string, isFresh: boolean) => Promise<T>,
  ): Promise<T> {
    try {
      return await call(this.id(activityId), false);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      addWarnings(this.state, [`Memory ran out in ${activityId}; it was tried again in a new trainer process`]);
      return call(this.id(`${activityId}-fresh`), true);
    }
  }

  /** Waits for the end of a pause. */
  async whilePaused(): Promise<void> {
    if (this.state.progress.paused) await condition(() => !this.state.progress.paused);
  }

  private id(activityId: string): string {
    const id = activityId + this.suffix;
    return this.repairs === 0 ? id : `${id}-again-${this.repairs}`;
  }
}
