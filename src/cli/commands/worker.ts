// `finetune worker`: the Workers alone, in the foreground, for runs that are started elsewhere (client, UI, schedule).
import type { Command } from 'commander';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import { InvalidArgumentError, Option } from 'commander';
import { describeTarget, findTarget } from '../../temporal/connection.js';
import { connectWorker, createFineTuneWorkers } from '../../temporal/worker.js';
import { packageVersion, trainingTaskQueueOf } from '../../temporal/defaults.js';
import { plainAction } from '../action.js';
import { converterOf, refusalOf } from '../connect.js';
import { startForm } from '../follow.js';
import type { Output } from '../output.js';
import {
  portNumber,
  withCommon,
  withConnection,
  withWork,
  workerSettings,
  type CommonOptionValues,
  type ConnectionOptionValues,
  type WorkOptionValues,
} from '../options.js';
import { onInterrupt } from '../signals.js';
import { installWorkerLog } from '../worker-log.js';

interface WorkerOptions extends ConnectionOptionValues, WorkOptionValues, CommonOptionValues {
  only?: 'training' | 'workflow';
  trainingTaskQueue?: string;
  metrics?: string;
  searchAttributes?: boolean;
  deployment?: string;
  buildId?: string;
  versioning?: boolean;
}

/** Adds the command. */
export function addWorkerCommand(program: Command): void {
  const command = program
    .command('worker')
    .description('run the Workers in the foreground until Ctrl-C or SIGTERM')
    .addOption(new Option('--only <part>', 'one of the two Workers alone').choices(['training', 'workflow']))
    .option('--training-task-queue <name>', 'queue of training; default: that of the workflow with "-training" behind')
    .option(
      '--metrics <[host:]port>',
      'figures for Prometheus at http://host:port/metrics; host: 127.0.0.1',
      metricsAddress,
    )
    .option('--search-attributes', 'set search attributes, which the namespace has to know (docs/operations.md)')
    .option('--deployment <name>', 'name of the deployment that the UI shows; default: temporal-finetune')
    .option('--build-id <id>', "build that the UI shows; default: this package's version")
    .option('--versioning', 'take part in Worker Versioning; a current version must be set then');
  withCommon(withWork(withConnection(command))).action(plainAction(worker));
}

async function worker(options: WorkerOptions, output: Output): Promise<number> {
  const { taskQueue, only, trainingTaskQueue = trainingTaskQueueOf(taskQueue) } = options;
  const target = await findTarget(options);
  await installWorkerLog({ verbose: true, metricsAddress: options.metrics });
  const { signal } = onInterrupt();
  const converter = await converterOf(target);
  output.say(`Connecting to ${describeTarget(target)}`);
  let told = false;
  const connection = await connectWorker({
    ...target.options,
    signal,
    onRetry: (message) => {
      output.warn(message);
      if (told) return;
      told = true;
      void refusalOf(target).then((reason) => reason !== undefined && output.warn(reason));
    },
  });
  const workers = await createFineTuneWorkers({
    ...workerSettings(options),
    trainingTaskQueue,
    searchAttributes: options.searchAttributes,
    deployment: deploymentOf(options),
    versioning: options.versioning,
    ...converter,
    connection,
    namespace: target.namespace,
    taskQueue,
    only,
  });
  const queues = [only !== 'training' && taskQueue, only !== 'workflow' && trainingTaskQueue];
  output.say(`Working on ${queues.filter(Boolean).join(' and ')}; Ctrl-C saves and stops`);
  const form = startForm(target, taskQueue);
  if (form !== undefined && only !== 'training') output.say(`Start runs from the UI: ${form}`);
  signal.addEventListener('abort', () => workers.shutdown());
  const working = workers.run();
  if (signal.aborted) workers.shutdown();
  await working;
  await connection.close();
  output.set({ stopped: true });
  return 0;
}

/** `--deployment` and `--build-id`, each with its default. */
function deploymentOf({ deployment, buildId }: WorkerOptions): WorkerDeploymentVersion | undefined {
  if (deployment === undefined && buildId === undefined) return undefined;
  return { deploymentName: deployment ?? 'temporal-finetune', buildId: buildId ?? packageVersion() };
}

/** Parses `9464`, `0.0.0.0:9464` or `[::1]:9464`. */
function metricsAddress(text: string): string {
  const [, host = '127.0.0.1', port = ''] = /^(?:(\[[0-9a-f:]+\]|[\d.]+):)?(\d+)$/i.exec(text) ?? [];
  if (port === '') throw new InvalidArgumentError(`a port, or an IP address and a port, is needed, got "${text}".`);
  return `${host}:${portNumber(port)}`;
}
