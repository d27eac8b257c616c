// Whose folder it is that publishing would replace. A published folder is replaced as a whole, so what stands at its place must be what a
// run has put there: each kind is known by files that are always in it. A user's own folder of that name is refused, never removed: the
// dataset itself may lie there, as `data/dataset/physics` with `output.directory` ".". Whose model it is, its weights' hash tells.
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile } from '../artifacts/hash.js';
import { FinalError } from '../errors.js';
import { datasetName, outputName } from '../spec/names.js';
import {
  COMPARISON_FILE,
  EVALUATION_CSV,
  EVENT_FILE,
  POOLED_ONNX,
  REPORT_FILE,
  WEIGHTS_FILE,
} from '../spec/published-files.js';
import type { FineTuneSpec } from '../spec/spec.js';

/** A kind of published folder. */
export type FolderKind = 'dataset' | 'log' | 'model' | 'comparison';

interface Layout {
  /** Files that every such folder has. */
  always: readonly string[];
  /** All that such a folder holds, where that is known. */
  only?: readonly string[];
  /** How one of the files begins. */
  beginning?: readonly [file: string, text: string];
  /** What else could be named in the spec. */
  rename: string;
}

const LAYOUTS: Record<FolderKind, Layout> = {
  dataset: {
    always: ['retrieval/train.json', 'retrieval/test.json'],
    only: ['raw', 'interim', 'retrieval'],
    beginning: ['retrieval/test.json', '{"queries": {\n'],
    rename: 'output.directory',
  },
  log: { always: [EVENT_FILE], only: [EVENT_FILE], rename: 'output.name' },
  model: {
    always: [EVALUATION_CSV, POOLED_ONNX, REPORT_FILE],
    rename: 'output.name',
  },
  comparison: {
    always: [COMPARISON_FILE, REPORT_FILE],
    only: [COMPARISON_FILE, REPORT_FILE],
    rename: 'output.name',
  },
};
/** Files that a look at a folder leaves there. */
export const LEFT_BY_A_LOOK: readonly string[] = ['.DS_Store'];

/** The folders that a run publishes into an output folder. */
export function publishedFolders(
  directory: string,
  spec: FineTuneSpec,
): Record<Exclude<FolderKind, 'comparison'>, string> {
  const name = outputName(spec);
  return {
    dataset: join(directory, 'data', 'dataset', datasetName(spec.dataset)),
    log: join(directory, 'data', 'logs', 'train', name),
    model: join(directory, 'data', 'embeddings', name),
  };
}

/** The folder of a comparison in an output folder. */
export function comparisonFolder(directory: string, name: string): string {
  return join(directory, 'data', 'comparisons', name);
}

/** The hash by which the model in a folder is known; undefined where no weights can be read. */
export function sha256OfWeights(folder: string): Promise<string | undefined> {
  return sha256OfFile(join(folder, WEIGHTS_FILE)).catch(() => undefined);
}

/**
 * Makes sure that a folder may be put at a place: nothing stands there, an empty folder, or one that was published.
 *
 * @throws FinalError `PathNotAllowed`.
 */
export async function demandOwn(kind: FolderKind, path: string): Promise<void> {
  const what = await strangerAt(kind, path);
  if (what === undefined) return;
  throw new FinalError(
    'PathNotAllowed',
    `output: ${path} must be free or a folder that a run has published, got ${what}. Publishing would replace it. ` +
      `Move it away, or choose another ${LAYOUTS[kind].rename}.`,
  );
}

/** Makes sure of all folders that a run will publish, before it begins; throws as {@link demandOwn}. */
export async function demandOwnFolders(directory: string, spec: FineTuneSpec): Promise<void> {
  const folders = Object.entries(publishedFolders(directory, spec)) as [FolderKind, string][];
  for (const [kind, path] of folders) await demandOwn(kind, path);
}

/** What stands there that no run has published. */
async function strangerAt(kind: FolderKind, path: string): Promise<string | undefined> {
  const { always, only, beginning } = LAYOUTS[kind];
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (!names) return 'a file';
  if (names.length === 0) return undefined;
  const foreign = only && names.find((name) => !only.includes(name) && !LEFT_BY_A_LOOK.includes(name));
  if (foreign !== undefined) return `a folder with ${JSON.stringify(foreign)} in it`;
  for (const file of always) if (!(await isFile(join(path, file)))) return `a folder without ${file}`;
  if (beginning && !(await beginsWith(join(path, beginning[0]), beginning[1])))
    return `a folder whose ${beginning[0]} no run has written`;
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function beginsWith(path: string, text: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const expected = Buffer.from(text);
    const { buffer } = await file.read(Buffer.alloc(expected.length), 0, expected.length, 0);
    return buffer.equals(expected);
  } finally {
    await file.close();
  }
}
