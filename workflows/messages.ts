// What may be asked of a run and told to it, with the descriptions that the Temporal UI shows. Updates are checked before they are
// accepted: what a validator throws is what the sender reads, and leaves nothing in the history.
import { defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { TrainingReport } from '../src/spec/training-stages.js';
import { noteReport, runMetrics, type RunMetrics, type RunProgress } from './progress.js';
import type { Run } from './run.js';
import type { Steering } from './steering.js';

/** Where the run stands: stage, epoch, step, share of the work done, warnings, and at the end where the model is. */
export const getProgress = defineQuery<RunProgress>('getProgress');
/** The figures so far: before, after each epoch, and of what is published. */
export const getMetrics = defineQuery<RunMetrics>('getMetrics');
/** Saves a checkpoint and waits for `resume`. */
export const pause = defineSignal('pause');
/** Goes on after `pause`. */
export const resume = defineSignal('resume');
/** Sent by the training activity now and then, for the run's page. */
export const reportTraining = defineSignal<[TrainingReport]>('reportTraining');
/** Ends training after the present step, or at the end of the epoch, and publishes what there is. */
export const stopEarly = defineUpdate<SteeringReply, [{ after?: 'step' | 'epoch' } | undefined]>('stopEarly');
/** Another peak of the learning rate's schedule from the next step on. */
export const setLearningRate = defineUpdate<SteeringReply, [{ learningRate: number }]>('setLearningRate');
/** More epochs than were asked for: the new number in all. */
export const extendEpochs = defineUpdate<SteeringReply, [{ epochs: number }]>('extendEpochs');

/** What an accepted update answers. */
export interface SteeringReply {
  accepted: string;
}

/** Sets the handlers of a run. */
export function registerMessages(run: Run, steering: Steering): void {
  const { state } = run;
  setHandler(getProgress, () => state.progress, {
    description:
      'Stage, epoch, step, loss, share of the work done, warnings; at the end where the model and the report are',
  });
  setHandler(getMetrics, () => runMetrics(state), {
    description: 'Retrieval metrics before, after each epoch, and of the published epoch',
  });
  setHandler(pause, () => run.pause(), { description: 'Save a checkpoint and wait for "resume". No data' });
  setHandler(resume, () => run.resume(), { description: 'Go on after "pause". No data' });
  setHandler(
    reportTraining,
    (report) => {
      noteReport(state, report);
      run.show();
    },
    { description: 'Sent by the training activity itself, for the page of the run; not meant for people' },
  );
  setHandler(stopEarly, (change) => ({ accepted: steering.stopEarly(change) }), {
    description:
      'End training and publish what there is: after the present step, or {"after": "epoch"} at the end of the epoch',
    validator: (change) => steering.checkStopEarly(change),
  });
  setHandler(setLearningRate, (change) => ({ accepted: steering.setLearningRate(change) }), {
    description: 'Another peak learning rate from the next step on, e.g. {"learningRate": 0.00001}',
    validator: (change) => steering.checkLearningRate(change),
  });
  setHandler(extendEpochs, (change) => ({ accepted: steering.extendEpochs(change) }), {
    description: 'Train longer: the number of epochs in all, e.g. {"epochs": 5}',
    validator: (change) => steering.checkExtendEpochs(change),
  });
}
