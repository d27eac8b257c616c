// The place where runs are disturbed: a server on SQLite, Worker processes of which each has its trainer, and what they tell. Everything
// listens on the loopback address only, and only processes that were started here are ever ended.
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { StageProgress } from '../../src/spec/stages.js';
import { startServer, stopServer, type StartedServer } from '../../src/temporal/server.js';
import { workflowsPath } from '../support/server.js';

/** What a Worker process tells. */
export type WorkerEvent =
  | { type: 'ready' }
  | { type: 'begin'; activity: string; trainer: number | undefined }
  | { type: 'end'; activity: string }
  | { type: 'failed'; activity: string; failure: string }
  | { type: 'progress'; report: StageProgress; trainer: number | undefined };

/** An event and the Worker that it came from. */
export type Told = WorkerEvent & { worker: WorkerProcess };

/** A Worker process. */
export class WorkerProcess {
  trainer: number | undefined;
  constructor(readonly child: ChildProcess) {}

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends a signal to the Worker, to its trainer, or to both. */
  signal(signal: NodeJS.Signals, whom: ('worker' | 'trainer')[]): void {
    if (whom.includes('trainer') && this.trainer !== undefined) send(this.trainer, signal);
    if (whom.includes('worker') && this.child.pid !== undefined && this.isAlive) send(this.child.pid, signal);
  }
}

/** Server, folder and bundle that all runs share. */
export class ChaosHouse {
  readonly events = new EventEmitter<{ told: [Told] }>();
  private readonly workers = new Set<WorkerProcess>();
  private constructor(
    readonly folder: string,
    readonly bundle: string,
    public server: StartedServer,
    readonly client: Client,
  ) {
    this.events.setMaxListeners(100);
  }

  /** Brings up the server and bundles the workflows. */
  static async open(): Promise<ChaosHouse> {
    const folder = await mkdtemp(join(tmpdir(), 'chaos-'));
    const bundle = join(folder, 'workflows.js');
    const { code } = await bundleWorkflowCode({
      workflowsPath,
      workflowInterceptorModules: [fileURLToPath(new URL('./short-timeouts.js', import.meta.url))],
      logger: new DefaultLogger('ERROR'),
    });
    await writeFile(bundle, code);
    await mkdir(join(folder, 'server'));
    const server = await startServer({ dbPath: join(folder, 'server', 'temporal.db') });
    const connection = await Connection.connect({ address: server.address });
    return new ChaosHouse(folder, bundle, server, new Client({ connection }));
  }

  /** Starts a Worker for a run's task queue and store, and waits until it polls. */
  async startWorker(run: { taskQueue: string; store: string }, holdMs = 150): Promise<WorkerProcess> {
    const { address } = this.server;
    const settings = { ...run, address, dataFolder: this.folder, bundle: this.bundle, holdMs };
    const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      serialization: 'advanced',
    });
    const worker = new WorkerProcess(child);
    this.workers.add(worker);
    const ready = new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the Worker ended with ${code} before it was ready`)));
      child.on('message', (event: WorkerEvent) => {
        if (event.type === 'ready') resolve();
        if ('trainer' in event && event.trainer !== undefined) worker.trainer = event.trainer;
        this.events.emit('told', { ...event, worker });
      });
    });
    // A Worker may be killed while it starts.
    ready.catch(() => undefined);
    await Promise.race([ready, once(child, 'exit')]);
    return worker;
  }

  /** Ends a Worker for good, asleep or not. */
  async endWorker(worker: WorkerProcess): Promise<void> {
    this.workers.delete(worker);
    if (!worker.isAlive) return;
    const gone = once(worker.child, 'exit');
    worker.signal('SIGCONT', ['trainer']);
    worker.signal('SIGKILL', ['worker']);
    await gone;
  }

  /** Kills the server, and starts it again on the same history. */
  async killServer(awayMs = 300): Promise<void> {
    send(this.server.pid, 'SIGKILL');
    await sleep(awayMs);
    this.server = await startServer({ dbPath: this.server.dbPath });
  }

  /** Ends all processes and removes the folder. */
  async close(): Promise<void> {
    for (const worker of this.workers) await this.endWorker(worker);
    await this.client.connection.close();
    await stopServer(this.server.dbPath);
    await rm(this.folder, { recursive: true, force: true });
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
