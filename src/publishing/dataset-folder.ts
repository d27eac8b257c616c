// The published dataset folder: the files as they came (raw/), questions with their references (interim/), and the retrieval sets that
// LlamaIndex reads (retrieval/). Copies, never links into the store.
import { readArtifact } from '../artifacts/artifact.js';
import type { BlobRef } from '../artifacts/store.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import { copyAllOut, type CopyContext } from './write-files.js';

/** Copies the dataset's files of every stage. */
export async function writeDatasetFolder(
  context: CopyContext,
  { snapshot, retrieval }: Pick<PublishInput, 'snapshot' | 'retrieval'>,
  folder: string,
): Promise<void> {
  const { store } = context;
  const files: [string, BlobRef][] = [];
  if (snapshot)
    for (const [name, ref] of Object.entries((await readArtifact(store, snapshot)).blobs))
      files.push([`raw/${name}`, ref]);
  for (const [name, ref] of Object.entries((await readArtifact(store, retrieval)).blobs))
    files.push([name.startsWith('interim/') ? name : `retrieval/${name}`, ref]);
  await copyAllOut(context, files, folder);
}
