// Starts a workflow, joins the one that runs under its id, or finds it complete: what every kind of run of this package shares.
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowHandle,
  type WorkflowOptions,
} from '@temporalio/client';
import { stableJson } from '../artifacts/hash.js';
import { FinalError } from '../errors.js';
import { decodePayload } from './payloads.js';

/** A run that was started, joined, or found complete. */
export interface WorkflowRun<Result> {
  workflowId: string;
  runId: string;
  outcome: 'started' | 'joined' | 'finished';
  /** Waits for the result. @throws WorkflowFailedError when the run failed or was cancelled. */
  result(): Promise<Result>;
}

/** What a start may say beside the spec; the Worker's owner sets the activities' own times (`activityTimes`). */
export type StartOptions = Pick<
  WorkflowOptions,
  | 'memo'
  | 'priority'
  | 'retry'
  | 'startDelay'
  | 'typedSearchAttributes'
  | 'workflowExecutionTimeout'
  | 'workflowRunTimeout'
  | 'workflowTaskTimeout'
>;

/** Options of {@link startOrJoin}. */
export interface StartOrJoinOptions<Result> {
  workflowType: string;
  workflowId: string;
  taskQueue: string;
  args: unknown[];
  /** One line for the UI. */
  summary: string;
  /** Further options of the start. */
  options?: StartOptions | undefined;
  /** Whether a complete run was given this input, as far as it decides what is made and where; if not, it is started anew. */
  isSameOrder: (input: unknown) => boolean;
  /** Whether a complete run of the same order still stands; if not, it is started anew. */
  isCurrent: (result: Result) => Promise<boolean>;
}

/**
 * Starts a run, joins the one that runs under its id, or finds it complete.
 *
 * @throws FinalError `InvalidSpec` when a workflow of another type runs under the id.
 */
export async function startOrJoin<Result>(
  client: Client,
  { workflowType, workflowId, taskQueue, args, summary, options, isSameOrder, isCurrent }: StartOrJoinOptions<Result>,
): Promise<WorkflowRun<Result>> {
  const join = (running: NewestRun | undefined): WorkflowRun<Result> => {
    if (running) demandType(workflowType, workflowId, running.type);
    return runOf(client, workflowId, running?.runId, 'joined');
  };
  const newest = await describeNewest(client, workflowId);
  if (newest?.status === 'RUNNING') return join(newest);
  if (newest?.status === 'COMPLETED' && newest.type === workflowType) {
    const run = runOf<Result>(client, workflowId, newest.runId, 'finished');
    const result = await run.result();
    if (isSameOrder(await recordedInput(client, run)) && (await isCurrent(result))) return run;
  }
  try {
    const handle = await client.workflow.start(workflowType, {
      ...options,
      workflowId,
      taskQueue,
      args,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: summary,
    });
    return runOf(client, workflowId, handle.firstExecutionRunId, 'started');
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // Somebody was faster.
    return join(await describeNewest(client, workflowId));
  }
}

/** True when `told` of two specs is the same; false when `before` is refused, as a spec of another version may be. */
export function isSame<Spec>(told: (spec: Spec) => unknown, now: Spec, before: () => Spec): boolean {
  try {
    return stableJson(told(before())) === stableJson(told(now));
  } catch (error) {
    if (error instanceof FinalError) return false;
    throw error;
  }
}

/** The newest run of a workflow id, followed from now on. @throws WorkflowNotFoundError when there is none. */
export async function followNewest<Result>(client: Client, workflowId: string): Promise<WorkflowRun<Result>> {
  const { runId, status } = await client.workflow.getHandle(workflowId).describe();
  return runOf(client, workflowId, runId, status.name === 'COMPLETED' ? 'finished' : 'joined');
}

function runOf<Result>(
  client: Client,
  workflowId: string,
  runId: string | undefined,
  outcome: WorkflowRun<Result>['outcome'],
): WorkflowRun<Result> {
  const handle: WorkflowHandle<() => Promise<Result>> = client.workflow.getHandle(workflowId, runId);
  return { workflowId, runId: runId ?? '', outcome, result: () => handle.result() };
}

/** What a run was started with: the first argument in its history, which one that continued as new hands on. */
async function recordedInput(
  client: Client,
  { workflowId, runId }: Pick<WorkflowRun<unknown>, 'workflowId' | 'runId'>,
): Promise<unknown> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const payload = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  return payload ? decodePayload(payload, client.workflow.options.loadedDataConverter) : undefined;
}

/** The result of another workflow would be taken for one of this type. */
function demandType(workflowType: string, workflowId: string, running: string): void {
  if (running === workflowType) return;
  throw new FinalError(
    'InvalidSpec',
    `workflowId: an id that no running workflow of another type has is needed for a "${workflowType}", got "${workflowId}", which a "${running}" has. Give another workflowId (--id), or wait until that one has ended.`,
  );
}

/** The newest run under a workflow id. */
interface NewestRun {
  type: string;
  status: string;
  runId: string;
}

async function describeNewest(client: Client, workflowId: string): Promise<NewestRun | undefined> {
  try {
    const { type, status, runId } = await client.workflow.getHandle(workflowId).describe();
    return { type, status: status.name, runId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
