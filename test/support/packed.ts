// The package as it would be published: `npm pack` of the built tree.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Packs into a folder and returns the tarball's path. What is built must be there: nothing is built for it. */
export function packInto(folder: string): string {
  if (!existsSync(join(root, 'dist', 'commonjs', 'package.json'))) throw new Error('dist: run "npm run build" first');
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack: no tarball was made');
  return join(folder, tarball);
}
