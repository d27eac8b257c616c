// Typed helpers for whoever starts and follows runs; nothing native. A run is known by its workflow id, by default the output's
// name and the spec's hash: an id that runs is joined; one that is complete is not run again while its inputs are the same.
import type { Client, WorkflowHandle, WorkflowUpdateOptions } from '@temporalio/client';
import type { SteeringReply } from '../../workflows/messages.js';
import type { RunMetrics, RunProgress } from '../../workflows/progress.js';
import { sha256OfJson } from '../artifacts/hash.js';
import { datasetName, modelName, outputName } from '../spec/names.js';
import { parseSpec } from '../spec/parse.js';
import type { FineTuneSpec, FineTuneSpecInput } from '../spec/spec.js';
import type { PinInput, PinResult } from '../spec/preparation-stages.js';
import type { FineTuneResult } from '../spec/publishing-stages.js';
import { DEFAULT_TASK_QUEUE, FINE_TUNE_WORKFLOW } from './defaults.js';
import { followNewest, isSame, startOrJoin, type StartOptions, type WorkflowRun } from './start-or-join.js';

/** A run that was started, joined, or found complete. */
export type FineTuneRun = WorkflowRun<FineTuneResult>;

/** Options of {@link startFineTune}. */
export interface StartFineTuneOptions {
  /** Default: {@link defaultWorkflowId}. */
  workflowId?: string | undefined;
  taskQueue?: string;
  /** Timeouts, retries, priority, memo or search attributes of the workflow; default: none of them. */
  options?: StartOptions | undefined;
  /**
   * Whether a complete run of the same output name and directory still stands; if not, or when that cannot be told, it starts anew (what
   * it made before is found again). Default: {@link hasSameInputs}.
   */
  isCurrent?: (result: FineTuneResult, spec: FineTuneSpec) => Promise<boolean>;
}

/** The workflow id of a spec: the output's name and the first digits of the parsed spec's hash. */
export function defaultWorkflowId(spec: FineTuneSpecInput): string {
  const parsed = parseSpec(spec);
  return `${outputName(parsed)}-${sha256OfJson(parsed).slice(0, 10)}`;
}

/**
 * Starts a run, joins the one that runs under its id, or finds it complete.
 *
 * @throws FinalError `InvalidSpec` before anything is started, also when a workflow of another type runs under the id.
 */
export async function startFineTune(
  client: Client,
  spec: FineTuneSpecInput,
  {
    workflowId,
    taskQueue = DEFAULT_TASK_QUEUE,
    options,
    isCurrent = (result, parsed) => hasSameInputs(client, result, parsed, { taskQueue }),
  }: StartFineTuneOptions = {},
): Promise<FineTuneRun> {
  const parsed = parseSpec(spec);
  return startOrJoin(client, {
    workflowType: FINE_TUNE_WORKFLOW,
    workflowId: workflowId ?? defaultWorkflowId(parsed),
    ...{ taskQueue, args: [parsed], options },
    summary: `${modelName(parsed.model)} on ${datasetName(parsed.dataset)} → ${outputName(parsed)}`,
    isSameOrder: (input) => isSame(placeOf, parsed, () => parseSpec(input)),
    isCurrent: (result: FineTuneResult) => isCurrent(result, parsed),
  });
}

/** Where a run publishes; its inputs' hash leaves that out. */
function placeOf(spec: FineTuneSpec): unknown {
  return [outputName(spec), spec.output.directory];
}

/** The newest run of a workflow id, followed from now on. @throws WorkflowNotFoundError when there is none. */
export function followFineTune(client: Client, workflowId: string): Promise<FineTuneRun> {
  return followNewest(client, workflowId);
}

/** The workflow's handle, which knows what its queries and updates take and give. */
export interface FineTuneHandle extends FineTuneWorkflowHandle {
  readonly query: FineTuneQueries & FineTuneWorkflowHandle['query'];
  readonly executeUpdate: FineTuneUpdates & FineTuneWorkflowHandle['executeUpdate'];
}

type FineTuneWorkflowHandle = WorkflowHandle<(spec?: FineTuneSpecInput) => Promise<FineTuneResult>>;

interface FineTuneQueries {
  (name: 'getProgress'): Promise<RunProgress>;
  (name: 'getMetrics'): Promise<RunMetrics>;
}

interface FineTuneUpdates {
  (name: 'stopEarly', options?: Steering<[{ after?: 'step' | 'epoch' }?]>): Promise<SteeringReply>;
  (name: 'setLearningRate', options: Steering<[{ learningRate: number }]>): Promise<SteeringReply>;
  (name: 'extendEpochs', options: Steering<[{ epochs: number }]>): Promise<SteeringReply>;
}

type Steering<Args> = WorkflowUpdateOptions & { args: Args };

/** The handle of a run; without `runId` of the newest one. */
export function fineTuneHandle(client: Client, workflowId: string, runId?: string): FineTuneHandle {
  return client.workflow.getHandle(workflowId, runId);
}

/** Options of {@link hasSameInputs}. */
export interface SameInputsOptions {
  taskQueue?: string;
}

/** True when the inputs' hashes are what they were for this result; false when that cannot be told. */
export async function hasSameInputs(
  client: Client,
  result: FineTuneResult,
  spec: FineTuneSpec,
  options: SameInputsOptions = {},
): Promise<boolean> {
  return (await hashInputs(client, spec, options)) === result.inputsSha256;
}

/**
 * Hash of a run's inputs as they are now. A Worker pins them: the first activity runs alone, which servers from 1.32 on can do. Undefined
 * when that fails.
 */
export async function hashInputs(
  client: Client,
  spec: FineTuneSpec,
  { taskQueue = DEFAULT_TASK_QUEUE }: SameInputsOptions = {},
): Promise<string | undefined> {
  const input: PinInput = { spec, mayCreateStore: false };
  try {
    const pinned = await client.activity.execute<PinResult>('pinInputs', {
      id: `inputs-of-${sha256OfJson(spec).slice(0, 16)}`,
      taskQueue,
      args: [input],
      scheduleToStartTimeout: '20 s',
      startToCloseTimeout: '5 min',
      heartbeatTimeout: '30 s',
      retry: { maximumAttempts: 1 },
      idConflictPolicy: 'USE_EXISTING',
      summary: 'have the inputs changed?',
    });
    return pinned.inputsSha256;
  } catch {
    return undefined;
  }
}
