// One run's surroundings inside the workflow: its state, the calls of activities with what belongs to every one of them (waiting while
// paused, warnings, the page), and the scope of the training that a pause may stop.
import {
  CancelledFailure,
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { Activities, Told } from '../activities/activities.js';
import type { Stage, TrainEpochInput, TrainEpochResult } from '../src/spec/stages.js';
import { renderDetails } from './details.js';
import { activitiesOn, type CallActivity } from './proxies.js';
import { addWarnings, advance, type RunState } from './progress.js';

/** Calls stages one after the other for one run. */
export class Run {
  /** How often the run went back to make damaged results again. */
  repairs = 0;
  private call: CallActivity = activitiesOn();
  private trainerCall: CallActivity = activitiesOn();
  private training: CancellationScope | undefined;

  constructor(readonly state: RunState) {}

  /** Activities that use the trainer go there from now on. */
  useTrainingQueue(taskQueue: string): void {
    this.trainerCall = activitiesOn(taskQueue);
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

  /** Runs a stage in the trainer. */
  trainerStage<K extends keyof Activities>(
    stage: Stage,
    name: K,
    activityId: string,
    summary: string,
    input: Parameters<Activities[K]>[0],
  ): ReturnType<Activities[K]> {
    return this.through(stage, this.trainerCall, name, activityId, summary, input) as ReturnType<Activities[K]>;
  }

  /** Trains one epoch to its end, over pauses: each time the activity saves, returns, and later goes on from there. */
  async trainEpoch(summary: string, input: TrainEpochInput): Promise<TrainEpochResult> {
    for (;;) {
      await this.whilePaused();
      const scope = new CancellationScope();
      this.training = scope;
      try {
        const result = await scope.run(() =>
          this.trainerCall('trainEpoch', this.id(`train-epoch-${input.epoch}`), summary, input),
        );
        addWarnings(this.state, result.warnings);
        if (result.finished) {
          advance(this.state, 'epoch');
          return result;
        }
      } catch (error) {
        // Stopped before it began: nothing was saved, nothing is lost.
        if (!isCancellation(error) || !scope.consideredCancelled) throw error;
      } finally {
        this.training = undefined;
      }
      if (CancellationScope.current().consideredCancelled) {
        throw new CancelledFailure('The run was cancelled; a new start goes on from the last checkpoint');
      }
    }
  }

  pause(): void {
    this.state.progress.paused = true;
    this.training?.cancel();
    this.show();
  }

  resume(): void {
    this.state.progress.paused = false;
    this.show();
  }

  /** Renders the run's page anew. */
  show(): void {
    setCurrentDetails(renderDetails(this.state));
  }

  private async through<K extends keyof Activities>(
    stage: Stage,
    call: CallActivity,
    name: K,
    activityId: string,
    summary: string,
    input: Parameters<Activities[K]>[0],
  ): Promise<unknown> {
    await this.whilePaused();
    this.state.progress.stage = stage;
    this.show();
    const result: Told<object> = await call(name, this.id(activityId), summary, input);
    addWarnings(this.state, result.warnings);
    advance(this.state);
    return result;
  }

  private async whilePaused(): Promise<void> {
    if (this.state.progress.paused) await condition(() => !this.state.progress.paused);
  }

  private id(activityId: string): string {
    return this.repairs === 0 ? activityId : `${activityId}-again-${this.repairs}`;
  }
}
