// Trains one epoch from its newest checkpoint, in the trainer. When the workflow asks it to stop (a pause, a cancel) it saves and returns
// what it has; for every other reason (shutdown, the operator's pause, a reset) it saves, and the next attempt goes on from there. Before
// each checkpoint the server is asked whether this attempt still counts.
import { Context } from '@temporalio/activity';
import type { StageProgress } from '../src/spec/stages.js';
import type { TrainEpochInput, TrainEpochResult } from '../src/spec/training-stages.js';
import type { Activities } from './activities.js';
import { askServer, claimantOf } from './attempt.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';
import { TrainingMetrics } from './training-metrics.js';
import { TrainingReports } from './training-reports.js';

/** Makes the activity `trainEpoch`. */
export function trainEpoch(services: ActivityServices): Activities['trainEpoch'] {
  return stageActivity<TrainEpochInput, TrainEpochResult>(services, {
    work: async (input, context) => {
      const activity = Context.current();
      const stale = new AbortController();
      let latest: StageProgress | undefined;
      const reports = new TrainingReports({ activity, everySeconds: services.settings.reportEverySeconds });
      const metrics = new TrainingMetrics(activity);
      const training = services.trainers.call(
        'trainEpoch',
        { ...input, claimant: claimantOf(activity) },
        {
          ...context,
          signal: AbortSignal.any([context.signal, stale.signal]),
          progress: (report) => {
            context.progress((latest = report));
            reports.note(report);
            metrics.note(report);
          },
          onCheckpoint: () =>
            void askServer(activity, latest).then((error) => {
              if (error) stale.abort(error);
            }),
        },
      );
      const result = await training.finally(() => metrics.stop());
      if (stale.signal.aborted && !result.finished) throw stale.signal.reason;
      return result;
    },
    isCutShort: ({ finished }) => !finished,
  });
}
