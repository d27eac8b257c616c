// What `finetune doctor` looks at, one function a check. Each says what is there, and what to do when something is missing.
import { link, mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lacksHardLinks } from '../artifacts/flushed-files.js';
import { errorMessage } from '../errors.js';
import { callAs } from './invocation.js';
import { packageFolder } from '../temporal/defaults.js';
import { runProgram } from '../temporal/run-program.js';
import { findServerProgram, type FindServerProgramOptions } from '../temporal/server-program.js';

/** What a check found. */
export interface Check {
  name: string;
  status: 'ok' | 'note' | 'missing';
  detail: string;
  remedy?: string;
}

const OLDEST_NODE = [20, 19] as const;
const SPACE_NEEDED_MB = 2_000;
const MEMORY_NEEDED_MB = 2_000;

/** Node's version. */
export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return {
    name: 'Node',
    status: isOld ? 'missing' : 'ok',
    detail: version,
    ...(isOld && { remedy: `Node ${OLDEST_NODE.join('.')} or newer is needed: https://nodejs.org` }),
  };
}

/** Operating system, processor and C library. */
export function checkPlatform(
  platform: string = process.platform,
  arch: string = process.arch,
  glibc: string = glibcVersion(),
): Check {
  const name = 'platform';
  const detail = `${platform} ${arch}${platform === 'linux' ? (glibc ? `, glibc ${glibc}` : ', no glibc') : ''}`;
  const known =
    (platform === 'linux' && ['x64', 'arm64'].includes(arch)) || (platform === 'darwin' && arch === 'arm64');
  if (known && (platform !== 'linux' || glibc)) return { name, status: 'ok', detail };
  if (platform === 'win32') {
    return {
      name,
      status: 'missing',
      detail,
      remedy: 'Windows itself is not supported: use WSL 2 with Node inside it.',
    };
  }
  return {
    name,
    status: 'missing',
    detail,
    remedy: 'Supported: Linux x64 and arm64 with glibc (not musl, as Alpine has it), macOS arm64.',
  };
}

/** ONNX Runtime loads, in a process of its own. */
export async function checkOnnxRuntime(): Promise<Check> {
  const from = pathToFileURL(join(packageFolder(), 'package.json')).href;
  const script =
    `const require = (await import('node:module')).createRequire(${JSON.stringify(from)});` +
    "const ort = require('onnxruntime-node');" +
    "console.log(ort.env.versions.node ?? ort.env.versions.common ?? 'loaded');";
  try {
    const version = await runProgram([process.execPath, '--input-type=module', '-e', script], { timeoutMs: 60_000 });
    return { name: 'ONNX Runtime', status: 'ok', detail: `onnxruntime-node ${version.trim()} loads` };
  } catch (error) {
    return {
      name: 'ONNX Runtime',
      status: 'missing',
      detail: errorMessage(error),
      remedy:
        'Install again with `npm install`; behind a firewall set ONNXRUNTIME_NODE_INSTALL=skip for it (the CPU back end ships inside the package).',
    };
  }
}

/** A program that can be the development server; every way that failed is told. */
export async function checkServerProgram(options: FindServerProgramOptions = {}): Promise<Check> {
  const { program, attempts } = await findServerProgram(options);
  const failed = attempts.filter((attempt) => !attempt.found).map(({ step, detail }) => `${step}: ${detail}`);
  const tried = failed.length === 0 ? '' : `\n${failed.map((line) => `not by ${line}`).join('\n')}`;
  if (program) {
    return {
      name: 'Temporal server',
      status: 'ok',
      detail: `${program.path}, by ${program.step}; ${program.version}${tried}`,
    };
  }
  return {
    name: 'Temporal server',
    status: 'missing',
    detail: `no program found${tried}`,
    remedy:
      'Install the `temporal` command (https://docs.temporal.io/cli), or Python with pip, or Go; or name a running server with TEMPORAL_ADDRESS.',
  };
}

/** A helper by which a server could be had; nothing else needs it. */
export async function checkHelper(name: string, words: readonly string[]): Promise<Check> {
  const use = 'used only to get a Temporal server';
  try {
    const printed = (await runProgram(words)).trim().split('\n')[0] ?? '';
    return { name, status: 'ok', detail: `${printed} (${use})` };
  } catch {
    return { name, status: 'note', detail: `not there (${use})` };
  }
}

/** The store's folder can be written, has hard links, and has room. */
export async function checkStore(folder: string): Promise<Check> {
  const probe = join(folder, `.doctor-${process.pid}`);
  try {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    let freeMb: number;
    try {
      await writeFile(probe, 'x');
      await link(probe, `${probe}-link`);
      const { bavail, bsize } = await statfs(folder);
      freeMb = Math.round((bavail * bsize) / 1e6);
    } finally {
      // A look must leave nothing behind.
      for (const path of [`${probe}-link`, probe]) await rm(path, { force: true });
      if (made !== undefined) await rm(made, { recursive: true });
    }
    const isTight = freeMb < SPACE_NEEDED_MB;
    return {
      name: 'store',
      status: isTight ? 'note' : 'ok',
      detail: `${folder} can be written, ${freeMb} MB free`,
      ...(isTight && {
        remedy: `A run of a small encoder needs about ${SPACE_NEEDED_MB} MB; \`${callAs('plan SPEC')}\` estimates yours.`,
      }),
    };
  } catch (error) {
    const withoutLinks = lacksHardLinks(error);
    return {
      name: 'store',
      status: 'missing',
      detail: withoutLinks ? `${folder} is on a file system without hard links (${error.code})` : errorMessage(error),
      remedy: `Name a folder ${withoutLinks ? 'on another disk' : 'that can be written'} with --store.`,
    };
  }
}

/** Memory that this process may use. */
export function checkMemory(totalBytes = memoryLimit()): Check {
  const totalMb = Math.round(totalBytes / 1e6);
  const isTight = totalMb < MEMORY_NEEDED_MB;
  return {
    name: 'memory',
    status: isTight ? 'note' : 'ok',
    detail: `${totalMb} MB`,
    ...(isTight && {
      remedy: 'Small encoders need about 2,000 MB; set training.microBatchSize lower, or take a bigger machine.',
    }),
  };
}

function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

/** Version of glibc, empty where there is none. */
function glibcVersion(): string {
  // The report would look up the names of open connections otherwise.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime ?? '';
}
