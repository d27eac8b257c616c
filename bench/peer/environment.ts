// The peer's Python: made once in a folder of its own from requirements.txt, or an interpreter that has those packages, by BENCH_PYTHON.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The interpreter to run the peer with; the first call installs it (some minutes; several GB unless pip is told, by PIP_EXTRA_INDEX_URL, of an index with builds of PyTorch without CUDA).
 *
 * @throws Error when there is no Python 3, or a package cannot be installed: pip's own message is shown.
 */
export function peerPython(): string {
  const own = process.env['BENCH_PYTHON'];
  if (own !== undefined) return own;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'temporal-finetune', 'bench-python');
  const python = join(folder, 'bin', 'python');
  const done = join(folder, 'installed');
  if (existsSync(done)) return python;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const requirements = fileURLToPath(new URL('../../../bench/peer/requirements.txt', import.meta.url));
  console.error(`bench: installing the peer into ${folder}`);
  const show = { stdio: ['ignore', 'inherit', 'inherit'] as ['ignore', 'inherit', 'inherit'] };
  execFileSync('python3', ['-m', 'venv', folder], show);
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements], show);
  writeFileSync(done, '');
  return python;
}
