// A retrain on the terminal, for `watch` and `result`: what it does, the step of the candidate's training, and at the end the decision with
// its reason and the champion's place.
import colors from 'picocolors';
import type { RetrainResult } from '../spec/retrain.js';
import type { RetrainPage } from '../../workflows/retrain-page.js';
import type { WorkflowRun } from '../temporal/start-or-join.js';
import { EXIT, tellFailure, uiPage, type FollowOptions } from './follow.js';
import { followParent, type FollowParentOptions } from './follow-parent.js';
import { jsonOutcome } from './output.js';
import { metricsTable } from './summary.js';

/** Shows a retrain until it is closed; true = closed, false = the signal was aborted. */
export function followRetrain(options: FollowParentOptions): Promise<boolean> {
  return followParent<RetrainPage>(options, async ({ doing, candidate }, { own, ofRuns }) => {
    const isTraining = candidate !== undefined && doing === TRAINING;
    const inner = isTraining ? await ofRuns([candidate]) : own;
    const { progress, note, stage = 'pin' } = inner ?? {};
    return { stage, title: doing, progress, note };
  });
}

const TRAINING: RetrainPage['doing'] = 'fine-tuning the candidate';

const OUTCOMES = {
  promoted: colors.green('promoted'),
  notPromoted: colors.yellow('not promoted'),
  unchanged: 'unchanged',
  busy: colors.yellow('busy'),
} as const satisfies Record<RetrainResult['outcome'], string>;

/** What stands at the end of a retrain. */
export function retrainSummary({ outcome, ...result }: RetrainResult, page?: string): string {
  const { why, champion, candidate, metrics, warnings } = result;
  const places = [
    ...(champion ? [['Champion ', `version ${champion.version}, ${champion.path}`]] : []),
    ...(candidate
      ? [
          ['Candidate', candidate.path],
          ['Report   ', candidate.report],
        ]
      : []),
    ...(page === undefined ? [] : [['UI       ', page]]),
  ];
  return [
    ...(metrics ? ['', metricsTable(metrics.before, metrics.after)] : []),
    '',
    `${colors.bold('Outcome  ')}  ${OUTCOMES[outcome]}`,
    why,
    ...warnings.map((warning) => `${colors.yellow('!')} ${warning}`),
    '',
    ...places.map(([name, place]) => `${colors.bold(name)}  ${place}`),
  ].join('\n');
}

/** Tells how a closed retrain ended; one that promotes nothing is no failure. @returns the exit code. */
export async function tellRetrain(
  options: Omit<FollowOptions, 'run'> & { run: WorkflowRun<RetrainResult> },
): Promise<number> {
  const { run, target, output } = options;
  try {
    const result = await run.result();
    output.say(retrainSummary(result, uiPage(target, run)));
    output.set({ ...jsonOutcome({ workflowId: run.workflowId, runId: run.runId, status: 'COMPLETED' }), result });
    return EXIT.completed;
  } catch (error) {
    return tellFailure(options, error, { result: null });
  }
}
