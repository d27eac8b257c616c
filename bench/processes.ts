// Runs jobs in processes of their own, this package's and the peer's, so that the memory of one is not the memory of another.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunJob } from './row.js';

/** Jobs of this package. */
export const runOurs: RunJob = (name, input) =>
  run(process.execPath, [fileURLToPath(new URL(`./jobs/${name}.js`, import.meta.url))], input);

/** Jobs of the peer, in a Python environment. */
export function runPeer(python: string): RunJob {
  // The sources stand beside dist/.
  const script = fileURLToPath(new URL('../../bench/peer/peer.py', import.meta.url));
  return (name, input) => run(python, [script, name], input);
}

async function run<Output>(command: string, args: readonly string[], input: object): Promise<Output> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...QUIET, ...(process.env['BENCH_CLOCK'] === 'cpu' && ONE_THREAD) },
  });
  child.stdin.on('error', () => undefined); // a process that ended early says so by its code
  child.stdin.end(JSON.stringify(input));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr = (stderr + data.toString()).slice(-4000)));
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
  });
  if (code !== 0)
    throw new Error(`bench: ${[command, ...args].join(' ')} ended with ${code}; it wrote last:\n${stderr}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Output;
}

/** For libraries that ask the environment. */
const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

/** Nothing is fetched, and nothing is drawn. */
const QUIET = {
  HF_HUB_OFFLINE: '1',
  HF_DATASETS_OFFLINE: '1',
  TOKENIZERS_PARALLELISM: 'true',
  TQDM_DISABLE: '1',
  HF_DATASETS_DISABLE_PROGRESS_BARS: '1',
};
