// The file that says which server was started on a database: so that the next command finds it, and `finetune server stop`
// ends exactly that process. It lies beside the database and is replaced by a rename.
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { identifyProcess, isRunning } from './process-identity.js';

const serverStateSchema = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  address: z.string(),
  uiUrl: z.string(),
  dbPath: z.string(),
  program: z.string(),
  /** It was asked to end, so that its end is no failure to whoever watches it. */
  stopping: z.literal(true).optional(),
});

/** A server that was started: its process, where it listens, where its history lies. */
export type ServerState = z.output<typeof serverStateSchema>;

/** Default database of the development server, under the working directory. */
export function defaultDbPath(folder = process.cwd()): string {
  return join(folder, '.finetune', 'server', 'temporal.db');
}

/** The state that the last start on this database left, whether its process still runs or not. */
export async function readServerState(dbPath: string): Promise<ServerState | undefined> {
  const text = await readFile(stateFile(dbPath), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return serverStateSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The server that runs on this database now, or undefined. */
export async function findRunningServer(dbPath: string): Promise<ServerState | undefined> {
  const state = await readServerState(dbPath);
  return state && (await isRunning(state)) ? state : undefined;
}

/** Writes the state down. */
export async function writeServerState(state: ServerState): Promise<void> {
  const path = stateFile(state.dbPath);
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Runs `work` while nobody else starts or stops a server on this database; a dead holder's lock is taken over. */
export async function withServerLock<T>(dbPath: string, work: () => Promise<T>): Promise<T> {
  const path = `${stateFile(dbPath)}.lock`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const self = await identifyProcess(process.pid);
  for (const end = Date.now() + 120_000; ;) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(JSON.stringify(self));
      await file.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (!(await holderLives(path))) await rm(path, { force: true });
      else if (Date.now() > end)
        throw new Error(`server: another process holds ${path}; remove it if none is starting a server`, {
          cause: error,
        });
      else await new Promise((wake) => setTimeout(wake, 100));
    }
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

const identitySchema = z.object({ pid: z.number(), startTime: z.string() });

async function holderLives(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return true; // Gone meanwhile: try again.
  if (text === '') {
    // Just being written, unless its writer died right there.
    await new Promise((wake) => setTimeout(wake, 500));
    if ((await readFile(path, 'utf8').catch(() => 'gone')) === '') return false;
    return true;
  }
  try {
    return await isRunning(identitySchema.parse(JSON.parse(text)));
  } catch {
    return false;
  }
}

function stateFile(dbPath: string): string {
  return join(dirname(resolve(dbPath)), 'server.json');
}
