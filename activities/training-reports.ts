// Tells the workflow now and then how training goes, by a signal, so that the run's page keeps current: at most once a minute, and ever
// more seldom in an epoch that takes long, so that the history stays short. For the eye only: what is lost is not sent again.
import type { Context } from '@temporalio/activity';
import type { StageProgress } from '../src/spec/stages.js';
import type { LossPoint, TrainingReport } from '../src/spec/training-stages.js';

/** Seconds between two reports, unless the Worker's owner says otherwise. */
export const DEFAULT_REPORT_SECONDS = 60;
const SIGNAL = 'reportTraining';
/** The interval is at least this part of the time that the activity has run: some 700 reports in 30 days. */
const SHARE_OF_ELAPSED = 1 / 100;
const MOST_POINTS = 16;
const MOST_KEPT = 4096;

/** By run: when the next report may be sent. Epochs of a few seconds are activities of their own, but the minute is the run's. */
const nextByRun = new Map<string, number>();
const MOST_RUNS = 100;

/** Options of {@link TrainingReports}. */
export interface TrainingReportsOptions {
  activity: Pick<Context, 'info' | 'client' | 'log'>;
  /** Seconds between reports; 0 = never. */
  everySeconds?: number | undefined;
  /** Milliseconds since 1970; given by tests. */
  now?: () => number;
}

/** Reports the training that one attempt of an activity does. */
export class TrainingReports {
  private losses: LossPoint[] = [];
  private lastStep: number | undefined;

  constructor(private readonly options: TrainingReportsOptions) {}

  /** Takes in a step's figures, once, and sends what there is when it is time. */
  note(progress: StageProgress): void {
    const { everySeconds = DEFAULT_REPORT_SECONDS, activity, now = Date.now } = this.options;
    const { stage, loss, epoch, done } = progress;
    if (everySeconds <= 0 || stage !== 'train' || loss === undefined || epoch === undefined) return;
    // Told again between the micro-batches of the next step.
    if (done === this.lastStep) return;
    this.lastStep = done;
    this.losses.push([done, loss]);
    if (this.losses.length > MOST_KEPT) this.losses = joined(this.losses, MOST_KEPT / 2);
    const at = now();
    const runId = activity.info.workflowExecution?.runId ?? '';
    if (at < (nextByRun.get(runId) ?? 0)) return;
    const wait = Math.max(1000 * everySeconds, (at - activity.info.scheduledTimestampMs) * SHARE_OF_ELAPSED);
    nextByRun.delete(runId);
    nextByRun.set(runId, at + wait);
    if (nextByRun.size > MOST_RUNS) nextByRun.delete([...nextByRun.keys()][0]!);
    this.send({ ...reported(progress), epoch, step: done, losses: joined(this.losses, MOST_POINTS) });
    this.losses = [];
  }

  private send(report: TrainingReport): void {
    const { client, info, log } = this.options.activity;
    if (!info.workflowExecution) return;
    const { workflowId, runId } = info.workflowExecution;
    // The run itself, and not what came after a reset: a report of an attempt that no longer counts goes nowhere.
    void client.workflow
      .getHandle(workflowId, runId)
      .signal(SIGNAL, report)
      .catch((error: unknown) => {
        log.debug('The run’s page was not told how training goes', { error });
      });
  }
}

function reported({ loss, learningRate, pairsPerSecond, etaSeconds }: StageProgress): Partial<TrainingReport> {
  const short = (value: number): number => Number(value.toPrecision(4));
  return {
    ...(loss !== undefined && { loss: short(loss) }),
    ...(learningRate !== undefined && { learningRate: short(learningRate) }),
    ...(pairsPerSecond !== undefined && { pairsPerSecond: short(pairsPerSecond) }),
    ...(etaSeconds !== undefined && { etaSeconds: Math.round(etaSeconds) }),
  };
}

/** Neighbours joined until there are at most so many points: the last step and the mean loss of each group. */
function joined(points: readonly LossPoint[], most: number): LossPoint[] {
  const width = Math.ceil(points.length / most);
  const groups: LossPoint[] = [];
  for (let from = 0; from < points.length; from += width) {
    const group = points.slice(from, from + width);
    const mean = group.reduce((sum, [, loss]) => sum + loss, 0) / group.length;
    groups.push([group[group.length - 1]![0], Number(mean.toPrecision(4))]);
  }
  return groups;
}
