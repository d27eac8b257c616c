// The plugin for a Worker that somebody already runs: it adds this package's activities and workflows to theirs, and runs the
// one-slot training Worker beside it. A plugin's `workflowsPath` would replace the user's own workflows, so the two are joined
// while bundling: the bundler reads merged-workflows.ts, in which one module name is pointed at the user's path.
// A plugin that is given to the connection and to the Worker is applied twice: every hook leaves alone what it did before.
import { SimplePlugin } from '@temporalio/plugin';
import {
  Worker,
  type BundleOptions,
  type NativeConnection,
  type ReplayWorkerOptions,
  type WorkerOptions,
} from '@temporalio/worker';
import { createActivities, TrainerPool, type WorkerSettings } from '../../activities/index.js';
import { removeDeadTemporaries } from '../artifacts/temporary-files.js';
import { trainingTaskQueueOf, workerIdentity } from './defaults.js';
import { joinWorkers, LateWorker, takesTasks } from './joined-workers.js';
import { demandServerVersion } from './server-version.js';
import { DEFAULT_GRACE_MS, deploymentOptions, TRAINING_WORKER_OPTIONS } from './worker.js';
import { mergedWorkflowsPath, ownWorkflowsPath } from './workflow-modules.js';

const USER_WORKFLOWS_MODULE = '__temporal_finetune_user_workflows__';

/** Activities that some instance of the plugin has put together. */
const configured = new WeakSet<object>();
/** The functions among them that are this package's. */
const ownActivities = new WeakSet<object>();

/** The SDK's durations; where the types of `ms` are not installed theirs is unknown. */
type Milliseconds = string | number | undefined;

/** Options of {@link FineTunePlugin}. */
export interface FineTunePluginOptions extends Omit<WorkerSettings, 'dataFolders'> {
  /** Folders that a spec's paths may lie in, in order; default: the working directory. */
  dataFolders?: string[];
  /** Run the one-slot training Worker beside each Worker that has the plugin; default true. */
  trainingWorker?: boolean;
}

/** The training Worker that belongs to a Worker. */
interface Companion {
  /** Of the Worker that it is beside; undefined where the SDK makes one. */
  connection: NativeConnection | undefined;
  options: WorkerOptions;
}

/** Adds fine-tuning to a Worker: `Worker.create({ …, plugins: [new FineTunePlugin({ store: 'store' })] })`. */
export class FineTunePlugin extends SimplePlugin {
  private readonly settings: WorkerSettings;
  private readonly runsTraining: boolean;
  /** By namespace and task queue; on several servers there may be one each. */
  private readonly companions = new Map<string, Companion[]>();
  private readonly seen = new WeakSet<Worker>();
  private running = 0;
  private readonly trainers: TrainerPool;

  constructor({ dataFolders = [process.cwd()], trainingWorker = true, ...settings }: FineTunePluginOptions) {
    super({ name: 'temporal-finetune' });
    this.settings = { ...settings, dataFolders };
    this.runsTraining = trainingWorker;
    this.trainers = new TrainerPool(this.settings);
  }

  /** @throws Error when an activity of the Worker has the name of one of this package. */
  override configureWorker(options: WorkerOptions): WorkerOptions {
    if (options.activities && configured.has(options.activities)) return options;
    // A Worker with activities alone gets no workflows: it may share its queue with one that has them.
    const wantsWorkflows = !options.workflowBundle && !options.workflowsPath && !options.activities;
    const trainingTaskQueue = this.settings.trainingTaskQueue ?? trainingTaskQueueOf(options.taskQueue);
    const own = createActivities({ ...this.settings, trainingTaskQueue }, this.trainers);
    demandNoneReplaced(options.activities, own);
    Object.values(own).forEach((activity) => ownActivities.add(activity as object));
    const activities = { ...options.activities, ...own };
    // The training Worker, too: on a connection that has the plugin it comes through here.
    configured.add(activities).add(own);
    this.keepCompanion(options, {
      ...(options.connection && { connection: withoutPlugins(options.connection) }),
      ...(options.namespace !== undefined && { namespace: options.namespace }),
      shutdownGraceTime: (options.shutdownGraceTime as Milliseconds) ?? DEFAULT_GRACE_MS,
      ...TRAINING_WORKER_OPTIONS,
      workerDeploymentOptions: options.workerDeploymentOptions ?? deploymentOptions(),
      taskQueue: trainingTaskQueue,
      identity: workerIdentity('trainer'),
      activities: own,
    });
    return {
      ...options,
      activities,
      ...(wantsWorkflows && { workflowsPath: ownWorkflowsPath() }),
    };
  }

  private keepCompanion({ connection, namespace, taskQueue }: WorkerOptions, options: WorkerOptions): void {
    const key = companionKey(namespace, taskQueue);
    const others = (this.companions.get(key) ?? []).filter((companion) => companion.connection !== connection);
    this.companions.set(key, [...others, { connection, options }]);
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return options.workflowBundle || options.workflowsPath
      ? options
      : { ...options, workflowsPath: ownWorkflowsPath() };
  }

  override configureBundler(options: BundleOptions): BundleOptions {
    const { workflowsPath, webpackConfigHook } = options;
    const merged = mergedWorkflowsPath();
    if (!workflowsPath || workflowsPath === merged || workflowsPath === ownWorkflowsPath()) {
      return workflowsPath ? options : { ...options, workflowsPath: ownWorkflowsPath() };
    }
    return {
      ...options,
      workflowsPath: merged,
      webpackConfigHook: (given) => {
        const config = webpackConfigHook ? webpackConfigHook(given) : given;
        const alias = { ...config.resolve?.alias, [`${USER_WORKFLOWS_MODULE}$`]: workflowsPath };
        return { ...config, resolve: { ...config.resolve, alias } };
      },
    };
  }

  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    if (this.seen.has(worker)) return next(worker);
    this.seen.add(worker);
    const isFirst = this.running++ === 0;
    // `next` is what runs the user's Worker, with the hooks of the other plugins. It comes first: a Worker that does not run yet cannot be
    // shut down, and keeps its connection from being closed.
    const main = { run: () => next(worker), getState: () => worker.getState(), shutdown: () => worker.shutdown() };
    const companion = new LateWorker(async () => {
      if (worker.connection) await demandServerVersion(worker.connection.workflowService);
      if (isFirst) await removeDeadTemporaries(this.settings.store);
      return this.createCompanion(worker);
    });
    try {
      await joinWorkers([main, companion]).run();
    } finally {
      // Workers of one process share the trainer.
      if (--this.running === 0) await this.trainers.close();
    }
  }

  /** The training Worker, with what the user's Worker has in the end, from plugins that come later than this one too. */
  private async createCompanion(worker: Worker): Promise<Worker | undefined> {
    const { options, connection } = worker;
    const companions = this.companions.get(companionKey(options.namespace, options.taskQueue)) ?? [];
    const companion = companions.find((each) => each.connection === connection) ?? companions.at(-1);
    if (!this.runsTraining || !companion || !takesTasks(worker)) return undefined;
    const { dataConverter, interceptors } = options;
    return Worker.create({
      ...companion.options,
      ...(dataConverter && { dataConverter }),
      interceptors: { client: interceptors.client, activity: interceptors.activity },
    });
  }
}

function companionKey(namespace = 'default', taskQueue: string): string {
  return JSON.stringify([namespace, taskQueue]);
}

/** A workflow of theirs that calls such an activity would silently get this package's. */
function demandNoneReplaced(theirs: object = {}, own: object): void {
  const taken = Object.entries(theirs).filter(
    ([name, activity]) => name in own && !ownActivities.has(activity as object),
  );
  if (taken.length === 0) return;
  const names = taken.map(([name]) => `"${name}"`).join(', ');
  throw new Error(
    `FineTunePlugin: activities of a Worker have other names than this package's, got ${names}. Rename yours, or give the plugin to a Worker on another task queue.`,
  );
}

/** The same connection; what its plugins do to a Worker's options was done already, and must not be done twice. */
function withoutPlugins(connection: NativeConnection): NativeConnection {
  return Object.create(connection, { plugins: { value: [] } }) as NativeConnection;
}
