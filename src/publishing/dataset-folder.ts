// The published dataset folder: the files as they came (raw/), questions with their references (interim/), and the retrieval sets that
// LlamaIndex reads (retrieval/). Copies, never links into the store.
import { readArtifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import { copyOut } from './write-files.js';

/** Bytes a second at which the slowest disk reads: the store checks a file's hash in one piece before it is copied. */
const SLOWEST_READ = 2e7;

/** Surroundings of {@link writeDatasetFolder}. */
export interface DatasetFolderContext extends Pick<StageContext, 'store' | 'expectSilence'> {
  /** Called before every file and after every MiB of it. */
  onProgress: (note: string) => void;
}

/** Copies the dataset's files of every stage. */
export async function writeDatasetFolder(
  { store, expectSilence, onProgress }: DatasetFolderContext,
  { snapshot, retrieval }: Pick<PublishInput, 'snapshot' | 'retrieval'>,
  folder: string,
): Promise<void> {
  const files: [string, BlobRef][] = [];
  if (snapshot)
    for (const [name, ref] of Object.entries((await readArtifact(store, snapshot)).blobs))
      files.push([`raw/${name}`, ref]);
  for (const [name, ref] of Object.entries((await readArtifact(store, retrieval)).blobs))
    files.push([name.startsWith('interim/') ? name : `retrieval/${name}`, ref]);
  for (const [at, [name, ref]] of files.entries()) {
    const report = (done: number): void =>
      onProgress(`file ${at + 1} of ${files.length}, ${megabytes(done)} of ${megabytes(ref.bytes)} MB`);
    report(0);
    expectSilence?.((ref.bytes / SLOWEST_READ) * 1000);
    await copyOut(store, ref, folder, name, report);
  }
  expectSilence?.(0);
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
