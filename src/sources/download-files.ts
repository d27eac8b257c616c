// Brings several files of one repository into the store, one after the other, with one progress over all their bytes.
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import type { HubClient, HubFile } from './hub.js';
import type { HubRepo } from './hub-errors.js';

/** What {@link downloadFiles} brings. */
export interface Wanted {
  repo: HubRepo;
  commit: string;
  files: readonly HubFile[];
  /** Told before each file, with what is there by then; what it throws ends the download. */
  before?: (file: HubFile, blobs: Record<string, BlobRef>) => Promise<void>;
}

/**
 * Downloads files at a commit, in their order; blobs go by the files' paths.
 *
 * @throws those of {@link HubClient.download}.
 */
export async function downloadFiles(
  hub: HubClient,
  { repo, commit, files, before }: Wanted,
  context: StageContext,
): Promise<{ blobs: Record<string, BlobRef>; bytes: number }> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const blobs: Record<string, BlobRef> = {};
  let done = 0;
  for (const file of files) {
    await before?.(file, blobs);
    const onBytes = (bytes: number): void => {
      done += bytes;
      context.progress({ stage: 'download', done, total, unit: 'bytes', note: file.path });
    };
    blobs[file.path] = await hub.download(repo, commit, file, { store: context.store, onBytes });
  }
  return { blobs, bytes: total };
}
