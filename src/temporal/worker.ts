// The Workers of a run: one for the workflow and the light activities, one with a single slot for training. Both register all
// activities, so that either queue can be served by any of them. Training on its queue can also run on machines of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataConverter, WorkerDeploymentVersion } from '@temporalio/common';
import {
  NativeConnection,
  Worker,
  type NativeConnectionOptions,
  type WorkerOptions,
  type WorkerPlugin,
} from '@temporalio/worker';
import { createActivities, TrainerPool, type WorkerSettings } from '../../activities/index.js';
import { removeDeadTemporaries } from '../artifacts/temporary-files.js';
import { errorMessage } from '../errors.js';
import { DEFAULT_TASK_QUEUE, packageVersion, trainingTaskQueueOf, workerIdentity } from './defaults.js';
import { joinWorkers, type JoinedWorkers } from './joined-workers.js';
import { demandServerVersion } from './server-version.js';
import { ownWorkflowsPath } from './workflow-modules.js';

/** Options of {@link createFineTuneWorkers}. */
export interface FineTuneWorkersOptions extends WorkerSettings {
  connection: NativeConnection;
  namespace?: string;
  /** Queue of the workflow; training runs on `<taskQueue>-training` unless `trainingTaskQueue` is set. */
  taskQueue?: string;
  /** E.g. one that encrypts payloads; every client of these runs needs the same. */
  dataConverter?: DataConverter;
  /** E.g. those of `@temporalio/interceptors-opentelemetry`; on both Workers. */
  plugins?: WorkerPlugin[];
  /** Name and build id that the UI shows beside the Workers, instead of this package's own name and version. */
  deployment?: WorkerDeploymentVersion | undefined;
  /** Take part in Worker Versioning, runs move to newer builds by themselves (AUTO_UPGRADE); a current version must be set then. Default false. */
  versioning?: boolean | undefined;
  /** One of the two Workers alone. */
  only?: 'training' | 'workflow' | undefined;
  /** Milliseconds that activities have to end by themselves at a shutdown before they are asked to save and stop; default 10,000. */
  shutdownGraceTimeMs?: number;
}

/** Workers that run together. */
export interface FineTuneWorkers extends JoinedWorkers {
  workers: readonly Worker[];
}

/** How long activities may go on after a shutdown was asked for, before they are told to save. */
export const DEFAULT_GRACE_MS = 10_000;

/** Options that every Worker with training activities should have: cancellation is heard within some seconds. */
export const TRAINING_WORKER_OPTIONS = {
  maxHeartbeatThrottleInterval: 2_000,
  defaultHeartbeatThrottleInterval: 2_000,
  maxConcurrentActivityTaskExecutions: 1,
} as const satisfies Partial<WorkerOptions>;

/** Makes the Workers; they poll once `run` is called. @throws Error when the server is too old. */
export async function createFineTuneWorkers({
  connection,
  namespace = 'default',
  taskQueue = DEFAULT_TASK_QUEUE,
  only,
  dataConverter,
  plugins,
  deployment,
  versioning,
  shutdownGraceTimeMs = DEFAULT_GRACE_MS,
  ...settings
}: FineTuneWorkersOptions): Promise<FineTuneWorkers> {
  const trainingTaskQueue = settings.trainingTaskQueue ?? trainingTaskQueueOf(taskQueue);
  await demandServerVersion(connection.workflowService);
  await removeDeadTemporaries(settings.store);
  const trainers = new TrainerPool(settings);
  const activities = createActivities({ ...settings, trainingTaskQueue }, trainers);
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace,
    activities,
    ...(dataConverter && { dataConverter }),
    shutdownGraceTime: shutdownGraceTimeMs,
    ...TRAINING_WORKER_OPTIONS,
    ...(plugins && { plugins }),
    workerDeploymentOptions: deploymentOptions({ deployment, versioning }),
  };
  const workers: Worker[] = [];
  if (only !== 'training') {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue,
        identity: workerIdentity('finetune'),
        workflowsPath: ownWorkflowsPath(),
        maxConcurrentActivityTaskExecutions: 4,
      }),
    );
  }
  if (only !== 'workflow') {
    workers.push(await Worker.create({ ...common, taskQueue: trainingTaskQueue, identity: workerIdentity('trainer') }));
  }
  const joined = joinWorkers(workers);
  return { ...joined, workers, run: () => joined.run().finally(() => trainers.close()) };
}

/** What the UI shows as a Worker's version; with `versioning`, what the server sends runs by. */
export function deploymentOptions({
  deployment = { deploymentName: 'temporal-finetune', buildId: packageVersion() },
  versioning = false,
}: Pick<FineTuneWorkersOptions, 'deployment' | 'versioning'> = {}): NonNullable<
  WorkerOptions['workerDeploymentOptions']
> {
  return versioning
    ? { version: deployment, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' }
    : { version: deployment, useWorkerVersioning: false };
}

/** Options of {@link connectWorker}. */
export interface ConnectWorkerOptions extends NativeConnectionOptions {
  /** Gives up after this long; default: never. */
  limitMs?: number;
  signal?: AbortSignal;
  /** Told once for each try that failed. */
  onRetry?: (message: string) => void;
}

/** Connects a Worker; a server that is away at first is waited for (a Worker itself would end). @throws AbortError by the signal. */
export async function connectWorker({
  limitMs = Infinity,
  signal,
  onRetry = () => undefined,
  ...options
}: ConnectWorkerOptions): Promise<NativeConnection> {
  const end = Date.now() + limitMs;
  for (let pauseMs = 500; ; pauseMs = Math.min(2 * pauseMs, 10_000)) {
    signal?.throwIfAborted();
    try {
      return await NativeConnection.connect(options);
    } catch (error) {
      if (Date.now() + pauseMs > end) throw error;
      onRetry(`no connection to ${options.address ?? 'the server'} yet (${errorMessage(error)}); trying again`);
      await sleep(pauseMs, undefined, signal ? { signal } : {});
    }
  }
}
