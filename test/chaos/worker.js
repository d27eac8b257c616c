// A Worker process that is there to be killed: the package's own activities and workflows, which tell over the channel to their parent
// what they do, and wait a moment at the begin of each activity, so that even the quick ones can be hit.
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createActivities, TrainerPool } from '../../dist/activities/index.js';
import { joinWorkers } from '../../dist/src/temporal/joined-workers.js';
import { connectWorker, TRAINING_WORKER_OPTIONS } from '../../dist/src/temporal/worker.js';

/** @typedef {{ address: string, taskQueue: string, store: string, dataFolder: string, bundle: string, holdMs: number }} Settings */

const settings = /** @type {Settings} */ (JSON.parse(process.argv[2] ?? '{}'));
const { address, taskQueue, store, dataFolder, bundle, holdMs } = settings;
process.on('disconnect', () => process.exit(0));
/** @param {import('./house.js').WorkerEvent} event */
const tell = (event) => process.connected && process.send?.(event, undefined, undefined, () => undefined);

class TellingPool extends TrainerPool {
  /** @override @type {TrainerPool['call']} */
  call(operation, input, context) {
    return super.call(operation, input, {
      ...context,
      progress: (report) => {
        tell({ type: 'progress', report, trainer: this.pid });
        context.progress(report);
      },
    });
  }
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
const trainingTaskQueue = `${taskQueue}-training`;
const own = { store, dataFolders: [dataFolder], trainingTaskQueue, threads: 1 };
const trainers = new TellingPool(own);
const activities = Object.fromEntries(
  Object.entries(createActivities(own, trainers)).map(([name, run]) => [
    name,
    async (/** @type {never} */ input) => {
      tell({ type: 'begin', activity: name, trainer: trainers.pid });
      await sleep(holdMs);
      try {
        const result = await run(input);
        tell({ type: 'end', activity: name });
        return result;
      } catch (error) {
        tell({
          type: 'failed',
          activity: name,
          failure: String(/** @type {{ type?: string }} */ (error).type ?? error),
        });
        throw error;
      }
    },
  ]),
);
const connection = await connectWorker({ address });
const common = { connection, activities, ...TRAINING_WORKER_OPTIONS };
const workers = [
  await Worker.create({
    ...common,
    taskQueue,
    workflowBundle: { codePath: bundle },
    maxConcurrentActivityTaskExecutions: 4,
  }),
  await Worker.create({ ...common, taskQueue: trainingTaskQueue }),
];
tell({ type: 'ready' });
await joinWorkers(workers).run();
