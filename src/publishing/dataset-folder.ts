// The published dataset folder: the files as they came (raw/), questions with their references (interim/), and the retrieval sets that
// LlamaIndex reads (retrieval/). Copies, never links into the store.
import { readArtifact } from '../artifacts/artifact.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import { copyOut } from './write-files.js';

/** Copies the dataset's files of every stage. */
export async function writeDatasetFolder(
  store: ArtifactStore,
  { snapshot, retrieval }: Pick<PublishInput, 'snapshot' | 'retrieval'>,
  folder: string,
): Promise<void> {
  if (snapshot)
    for (const [name, ref] of Object.entries((await readArtifact(store, snapshot)).blobs))
      await copyOut(store, ref, folder, `raw/${name}`);
  for (const [name, ref] of Object.entries((await readArtifact(store, retrieval)).blobs))
    await copyOut(store, ref, folder, name.startsWith('interim/') ? name : `retrieval/${name}`);
}
