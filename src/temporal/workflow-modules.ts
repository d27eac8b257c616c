// Where the workflow code lies that the bundler reads: this package's own, and the module that joins it with the user's.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of this package's workflows; the `.ts` file when run from the sources. */
export function ownWorkflowsPath(): string {
  return besideThis('../../workflows/index');
}

/** Path of the module that exports this package's workflows and those of `USER_WORKFLOWS_MODULE`. */
export function mergedWorkflowsPath(): string {
  return besideThis('./merged-workflows');
}

function besideThis(stem: string): string {
  const built = fileURLToPath(new URL(`${stem}.js`, import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL(`${stem}.ts`, import.meta.url));
}
