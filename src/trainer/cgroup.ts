// Files of the control group that this process is in (Linux, version 2 or 1): what a container may use, and what happened to it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A file's name in version 2, and its controller and name in version 1. */
export interface GroupFile {
  v2: string;
  v1: readonly [controller: string, file: string];
}

/**
 * Contents of a file of this process's group: of the group itself, then of what the container sees as the root; empty where there is none.
 *
 * @param root Stands before `/proc` and `/sys`; tests give a folder.
 */
export async function readGroupFile(root: string, { v2, v1: [controller, file] }: GroupFile): Promise<string[]> {
  const groups = (await readText(join(root, 'proc/self/cgroup'))).split('\n').map((line) => line.split(':'));
  const pathOf = (isWanted: (controllers: string) => boolean): string | undefined =>
    groups
      .find(([, controllers]) => controllers !== undefined && isWanted(controllers))
      ?.slice(2)
      .join(':');
  const unified = pathOf((controllers) => controllers === '');
  const separate = pathOf((controllers) => controllers.split(',').includes(controller));
  const candidates = [
    ...(unified === undefined ? [] : [`sys/fs/cgroup${unified}/${v2}`, `sys/fs/cgroup/${v2}`]),
    ...(separate === undefined
      ? []
      : [`sys/fs/cgroup/${controller}${separate}/${file}`, `sys/fs/cgroup/${controller}/${file}`]),
  ];
  const texts = await Promise.all(candidates.map((candidate) => readText(join(root, candidate))));
  return texts.filter((text) => text !== '');
}

/** A file's text, empty where it cannot be read. */
export async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
