// `finetune server`: the development server in the foreground; it ends with the command. `finetune server stop` ends the one that
// `run` left up, and no other process.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isRunning } from '../../temporal/process-identity.js';
import { startServer, stopServer } from '../../temporal/server.js';
import { defaultDbPath, readServerState, type ServerState } from '../../temporal/server-state.js';
import { DEFAULT_TASK_QUEUE } from '../../temporal/defaults.js';
import { plainAction } from '../action.js';
import { startForm } from '../follow.js';
import type { Output } from '../output.js';
import { portNumber, withCommon, type CommonOptionValues } from '../options.js';
import { onInterrupt } from '../signals.js';

interface ServerOptions extends CommonOptionValues {
  port?: number;
  uiPort?: number;
  db?: string;
  namespace?: string;
}

/** Adds the command and its `stop`. */
export function addServerCommand(program: Command): void {
  const server = program.command('server').description('run the Temporal development server in the foreground');
  withCommon(
    server
      .option('--port <n>', 'port; default: 7233, or a free one', portNumber)
      .option('--ui-port <n>', 'port of the UI; default: 8233, or a free one', portNumber)
      .option('--namespace <name>', 'a namespace to create beside "default"')
      .option('--db <file>', 'SQLite file of the history; default: .finetune/server/temporal.db'),
  ).action(plainAction(serve));
  withCommon(
    server
      .command('stop')
      .description('end the server that was started in this folder')
      .option('--db <file>', 'SQLite file of the history; default: .finetune/server/temporal.db'),
  ).action(
    // Commander gives `--db` to whichever of the two commands it stands behind.
    (options: ServerOptions, command: Command) => plainAction(stop)({ ...command.optsWithGlobals(), ...options }),
  );
}

async function serve({ port, uiPort, db, namespace }: ServerOptions, output: Output): Promise<number> {
  const { signal } = onInterrupt();
  const dbPath = db === undefined ? defaultDbPath() : resolve(db);
  const server = await startServer({
    dbPath,
    port,
    uiPort,
    ...(namespace !== undefined && { namespaces: [namespace] }),
    onNotice: (message) => output.say(message),
  });
  if (!server.started) {
    output.say(
      `The server of ${server.dbPath} runs already: ${server.address}, UI ${server.uiUrl} (process ${server.pid})`,
    );
    output.set(server);
    return 0;
  }
  output.say(`Temporal server ${server.address}, UI ${server.uiUrl}`);
  output.say(`  history in ${server.dbPath}, program ${server.program}; Ctrl-C ends it`);
  output.say(
    `  start runs from the UI: ${startForm({ ...server, namespace: namespace ?? 'default' }, DEFAULT_TASK_QUEUE)}`,
  );
  while (!signal.aborted && (await isRunning(server))) await new Promise((wake) => setTimeout(wake, 200));
  if (signal.aborted) await stopServer(dbPath);
  else if (await wasStopped(server)) output.say('Ended by `server stop`.');
  else throw new Error(`server: process ${server.pid} ended by itself; its log is beside ${server.dbPath}`);
  output.set({ ...server, stopped: true });
  return 0;
}

/** True when another command asked this process of the server to end. */
async function wasStopped({ dbPath, pid }: ServerState): Promise<boolean> {
  const state = await readServerState(dbPath);
  return state?.pid === pid && state.stopping === true;
}

async function stop({ db }: ServerOptions, output: Output): Promise<number> {
  const stopped = await stopServer(db === undefined ? defaultDbPath() : resolve(db));
  output.say(
    stopped ? `Stopped the server ${stopped.address} (process ${stopped.pid})` : 'No server of this folder runs',
  );
  output.set({ stopped: stopped ?? null });
  return 0;
}
