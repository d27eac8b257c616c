// `finetune worker`: the Workers alone, in the foreground, for runs that are started elsewhere (client, UI, schedule).
import type { Command } from 'commander';
import { Option } from 'commander';
import { describeTarget, findTarget } from '../../temporal/connection.js';
import { connectWorker, createFineTuneWorkers } from '../../temporal/worker.js';
import { trainingTaskQueueOf } from '../../temporal/defaults.js';
import { plainAction } from '../action.js';
import { converterOf, refusalOf } from '../connect.js';
import { startForm } from '../follow.js';
import type { Output } from '../output.js';
import {
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
}

/** Adds the command. */
export function addWorkerCommand(program: Command): void {
  const command = program
    .command('worker')
    .description('run the Workers in the foreground until Ctrl-C or SIGTERM')
    .addOption(new Option('--only <part>', 'one of the two Workers alone').choices(['training', 'workflow']));
  withCommon(withWork(withConnection(command))).action(plainAction(worker));
}

async function worker(options: WorkerOptions, output: Output): Promise<number> {
  const { taskQueue, only } = options;
  const target = await findTarget(options);
  await installWorkerLog({ verbose: true });
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
    ...converter,
    connection,
    namespace: target.namespace,
    taskQueue,
    only,
  });
  const queues = [only !== 'training' && taskQueue, only !== 'workflow' && trainingTaskQueueOf(taskQueue)];
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
