// The workflow `retrain`, started again and again by a schedule: one optional JSON object in. It looks whether anything has changed, lets
// `fineTune` make a candidate from the champion (or from the base model), compares the two, promotes on a proven gain alone, and says why.
import {
  CancelledFailure,
  CancellationScope,
  defineQuery,
  executeChild,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { FinalError } from '../src/errors.js';
import { candidateSpec, parseRetrainSpec, type RetrainResult, type RetrainSpec } from '../src/spec/retrain.js';
import type { OpenRetrainResult, PlacedChampion, SettleRetrainResult } from '../src/spec/retrain.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import { isArtifactDamaged, MOST_REPAIRS, toWorkflowFailure } from './failures.js';
import type { fineTune } from './fine-tune.js';
import { activitiesOn, type CallActivity } from './proxies.js';
import { renderRetrain, type RetrainPage } from './retrain-page.js';

/** Where a retrain stands. */
const getRetrainProgress = defineQuery<RetrainPage>('getProgress');

const CLOSING_POLICY = ParentClosePolicy.REQUEST_CANCEL;

/**
 * Retrains a champion once.
 *
 * @param input A retrain spec (src/spec/retrain.ts): a fine-tuning spec, whose output's name is the champion's.
 */
export async function retrain(input?: unknown): Promise<RetrainResult> {
  try {
    return await retrainOnce(parseRetrainSpec(input));
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

async function retrainOnce(spec: RetrainSpec): Promise<RetrainResult> {
  const page: RetrainPage = { name: '', doing: 'looking at the data' };
  const show = (change: Partial<RetrainPage>): void => setCurrentDetails(renderRetrain(Object.assign(page, change)));
  setHandler(getRetrainProgress, () => page, {
    description: 'What goes on, the champion, the run that trains the candidate; at the end the decision and why',
  });
  show({});
  const opened = await activitiesOn()('openRetrain', 'open-retrain', 'Has anything changed?', { spec });
  const { name, storeId, champion, unchanged, warnings = [] } = opened;
  show({ name, data: opened.data, champion, warnings });
  const end = (result: Omit<RetrainResult, 'name' | 'warnings'>): RetrainResult => {
    const whole = { name, ...result, warnings };
    show({ doing: undefined, result: whole });
    const { outcome, why, comparison, candidate } = whole;
    upsertMemo({ outcome, why, champion: whole.champion ?? null, comparison: comparison ?? null, candidate: candidate ?? null }); // prettier-ignore
    return whole;
  };

  const call = activitiesOn(opened.trainingTaskQueue, opened.activityTimes);
  // Also where nothing is to be trained: a promotion may have ended between its entry in the history and the path.
  const isPlaced = unchanged === undefined || (champion && patched('place-unchanged'));
  const standing = champion && isPlaced ? await place(call, opened, spec, 'place-champion') : champion;
  if (unchanged !== undefined) {
    return end({ outcome: 'unchanged', why: unchanged, ...(standing && { champion: standing }) });
  }
  const workflowId = `retrain-${name}-${storeId.slice(0, 8)}`;
  for (let repairs = 0; ; repairs++) {
    show({ doing: 'fine-tuning the candidate', candidate: workflowId });
    const candidate = await trainCandidate(workflowId, spec, opened, standing?.folder);
    if (!candidate) {
      return end({
        outcome: 'busy',
        why: `Another retrain of ${name} is at work (${workflowId}): this one ends. The next one looks again.`,
        ...(standing && { champion: standing }),
      });
    }
    warnings.push(...candidate.warnings.filter((warning) => !warnings.includes(warning)));
    show({ doing: 'comparing' });
    const suffix = repairs === 0 ? '' : `-again-${repairs}`;
    let settled: SettleRetrainResult;
    try {
      settled = await settle(call, `settle-retrain${suffix}`, { spec, opened, candidate, workflowId });
    } catch (error) {
      if (!isArtifactDamaged(error) || repairs >= MOST_REPAIRS) throw error;
      continue;
    }
    const promoted = settled.outcome === 'promoted';
    if (promoted) show({ doing: 'promoting' });
    const now = promoted ? await place(call, opened, spec, 'promote-champion') : standing;
    const { model, report, metrics } = candidate;
    return end({
      outcome: settled.outcome,
      why: settled.why,
      ...(now && { champion: now }),
      candidate: { workflowId, ...model, report },
      ...(settled.comparison && { comparison: settled.comparison }),
      metrics: { before: metrics.before, after: metrics.after },
    });
  }
}

/** The fine-tuning, as a run of its own: it has its page, and may be steered. @returns undefined when one is at work already. */
async function trainCandidate(
  workflowId: string,
  spec: RetrainSpec,
  { dataset, champion, name }: OpenRetrainResult,
  championFolder: string | undefined,
): Promise<FineTuneResult | undefined> {
  const from = champion ? `version ${champion.version}` : 'the base model';
  try {
    return await executeChild<typeof fineTune>('fineTune', {
      workflowId,
      args: [candidateSpec(spec, championFolder), undefined, { pins: { dataset } }],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      parentClosePolicy: CLOSING_POLICY,
      staticSummary: `Candidate for ${name}, from ${from}`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    if (CancellationScope.current().consideredCancelled) {
      throw new CancelledFailure('The retrain was cancelled; the next one goes on from the last checkpoint');
    }
    throw error;
  }
}

async function settle(
  call: CallActivity,
  activityId: string,
  {
    spec,
    opened: { storeId, champion, start, inputs },
    candidate: { model, metrics, artifacts },
    workflowId,
  }: { spec: RetrainSpec; opened: OpenRetrainResult; candidate: FineTuneResult; workflowId: string },
): Promise<SettleRetrainResult> {
  if (!artifacts || !inputs) {
    throw new FinalError(
      'InvalidData',
      'retrain: the Worker that trained the candidate is of an earlier version. Update it, and start again: nothing is trained twice.',
    );
  }
  const { workflowId: asks, firstExecutionRunId: runId } = workflowInfo();
  return call('settleRetrain', activityId, 'The champion and the candidate on the same questions', {
    ...{ storeId, spec, start, inputs, trainedBy: workflowId },
    ...(champion && { champion }),
    candidate: { model, artifacts, metrics: { before: metrics.before, after: metrics.after } },
    workflow: { workflowId: asks, runId },
  });
}

async function place(
  call: CallActivity,
  { storeId, name }: OpenRetrainResult,
  { output: { directory } }: RetrainSpec,
  activityId: string,
): Promise<PlacedChampion | undefined> {
  const summary = `The path of ${name} leads to the version that stands`;
  return (await call('placeChampion', activityId, summary, { storeId, name, directory })).champion;
}
