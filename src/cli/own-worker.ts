// What the commands share that do everything in one go (`run`, `sweep`, `chain`): a server (the one that is named, else this folder's own),
// a Worker beside the command, and an orderly end: Ctrl-C once lets the trainer save; the same command then goes on from there.
import type { Client } from '@temporalio/client';
import { namedTarget, namespaceOf, type ConnectionTarget } from '../temporal/connection.js';
import { startServer } from '../temporal/server.js';
import { defaultDbPath } from '../temporal/server-state.js';
import { connectWorker, createFineTuneWorkers } from '../temporal/worker.js';
import { connectClient, converterOf } from './connect.js';
import { startForm } from './follow.js';
import {
  workerSettings,
  type CommonOptionValues,
  type ConnectionOptionValues,
  type WorkOptionValues,
} from './options.js';
import type { Output } from './output.js';
import { onInterrupt } from './signals.js';
import { stopCommand, workerCommand } from './worker-command.js';
import { installWorkerLog } from './worker-log.js';

/** Options of a command that does everything in one go. */
export interface OwnWorkerOptions extends ConnectionOptionValues, WorkOptionValues, CommonOptionValues {
  db?: string;
}

/** What runs while {@link withOwnWorker}'s `use` works. */
export interface OwnWorker {
  client: Client;
  target: ConnectionTarget;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Resolves when the Worker has stopped, rejects when it failed. */
  working: Promise<void>;
}

/** Runs a Worker around `use`; the server stays up afterwards. @returns the exit code of `use`. */
export async function withOwnWorker(
  options: OwnWorkerOptions,
  output: Output,
  use: (worker: OwnWorker) => Promise<number>,
): Promise<number> {
  const { taskQueue, verbose, json } = options;
  const settings = workerSettings(options);
  const target = namedTarget(options) ?? (await ownServer(options, output));
  const { signal } = onInterrupt();
  let stop = (): void => output.say('\nStopping (Ctrl-C again ends at once) …');
  signal.addEventListener('abort', () => stop());
  const client = await connectClient(target, output, { stop: stopCommand(options) });
  await installWorkerLog({ verbose, folder: settings.store });

  const connection = await connectWorker({ ...target.options, limitMs: 30_000, signal });
  const workers = await createFineTuneWorkers({
    ...settings,
    ...(await converterOf(target)),
    connection,
    namespace: target.namespace,
    taskQueue,
    shutdownGraceTimeMs: 3_000,
  });
  // Making them takes some seconds; a run is not begun for somebody who has left meanwhile.
  signal.throwIfAborted();
  stop = () => {
    output.say('\nStopping: the trainer saves what it has (Ctrl-C again ends at once) …');
    workers.shutdown();
  };
  const working = workers.run();
  let code: number;
  try {
    code = await use({ client, target, signal, working });
  } finally {
    workers.shutdown();
    await working.catch(() => undefined);
    await connection.close().catch(() => undefined);
  }
  if (target.from === 'local server' && !json) {
    output.say(`\nThe server stays up for its pages (${target.uiUrl}); \`${stopCommand(options)}\` ends it.`);
    output.say(
      `Start runs from the UI, while a Worker is up (\`${workerCommand(options, target.address)}\`): ${startForm(target, taskQueue)}`,
    );
  }
  return code;
}

async function ownServer({ db, dataConverter, ...flags }: OwnWorkerOptions, output: Output): Promise<ConnectionTarget> {
  const namespace = namespaceOf(flags);
  const server = await startServer({
    dbPath: db ?? defaultDbPath(),
    ...(namespace !== 'default' && { namespaces: [namespace] }),
    onNotice: (message) => output.say(message),
  });
  const verb = server.started ? 'Started' : 'Using';
  output.say(`${verb} the Temporal server ${server.address}, UI ${server.uiUrl}`);
  output.say(`  history in ${server.dbPath}, program ${server.program}`);
  return {
    address: server.address,
    namespace,
    from: 'local server',
    options: { address: server.address },
    uiUrl: server.uiUrl,
    ...(dataConverter !== undefined && { dataConverter }),
  };
}
