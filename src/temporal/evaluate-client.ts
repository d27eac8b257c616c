// Runs the activity `evaluate` by itself, without a workflow: the metrics of a model on a dataset's test part. Servers from 1.32 on can do that.
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { sha256OfJson } from '../artifacts/hash.js';
import { datasetName, modelName } from '../spec/names.js';
import { parseSpec } from '../spec/parse.js';
import type { FineTuneSpecInput } from '../spec/spec.js';
import type { EvaluationReport } from '../spec/evaluation-stages.js';
import { DEFAULT_TASK_QUEUE, trainingTaskQueueOf } from './defaults.js';

const UNIMPLEMENTED = 12;

/** Options of {@link evaluateAlone}. */
export interface EvaluateAloneOptions {
  /** Queue of the runs; the activity waits for the training slot beside it. Default `finetune`. */
  taskQueue?: string;
  /** Where the Workers train on another queue than `<taskQueue>-training`. */
  trainingTaskQueue?: string;
  /** Default: made of the spec; one that runs already is joined. */
  activityId?: string;
}

/**
 * Evaluates a model as it is on the test part of a dataset, in the trainer of a Worker.
 *
 * @param spec The same JSON as a run's; of `training` only `maxSequenceLength` counts.
 * @throws FinalError `InvalidSpec` before anything is sent; ActivityExecutionFailedError when the activity failed; Error for a server that
 * cannot run an activity by itself.
 */
export async function evaluateAlone(
  client: Client,
  spec: FineTuneSpecInput,
  {
    taskQueue = DEFAULT_TASK_QUEUE,
    trainingTaskQueue = trainingTaskQueueOf(taskQueue),
    activityId,
  }: EvaluateAloneOptions = {},
): Promise<EvaluationReport> {
  const parsed = parseSpec(spec);
  try {
    return await client.activity.execute<EvaluationReport>('evaluate', {
      id: activityId ?? `evaluate-${sha256OfJson(parsed).slice(0, 16)}`,
      taskQueue: trainingTaskQueue,
      args: [parsed],
      startToCloseTimeout: '7 days',
      heartbeatTimeout: '30 s',
      retry: { initialInterval: '1 s', maximumInterval: '1 min' },
      idConflictPolicy: 'USE_EXISTING',
      summary: `${modelName(parsed.model)} on ${datasetName(parsed.dataset)}`.slice(0, 100),
    });
  } catch (error) {
    if (!isGrpcServiceError(error) || (error.code as number) !== UNIMPLEMENTED) throw error;
    throw new Error('evaluate: a Temporal server of 1.32 or newer runs an activity by itself, this one does not', {
      cause: error,
    });
  }
}
