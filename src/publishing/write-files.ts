// Writes published files: flushed to disk, readable by others as the user's umask says (the store's own are private), always copies.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StageContext } from '../artifacts/stage-context.js';
import type { ArtifactStore, BlobRef } from '../artifacts/store.js';

/** Bytes a second at which the slowest disk reads. */
const SLOWEST_READ = 2e7;

/** Content of a file: text, bytes, or chunks of bytes. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array>;

/** Writes `folder/name`, making folders as needed; an existing file is an error. */
export async function writeOut(folder: string, name: string, content: FileContent): Promise<void> {
  const chunks =
    typeof content === 'string' ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content;
  await pipeline(Readable.from(chunks), await createFile(folder, name));
}

/** Copies a blob to `folder/name`; `onBytes` hears after every MiB how many bytes have been read. */
export async function copyOut(
  store: ArtifactStore,
  ref: BlobRef,
  folder: string,
  name: string,
  onBytes?: (done: number) => void,
): Promise<void> {
  const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let done = 0;
    for await (const chunk of chunks) {
      onBytes?.((done += chunk.length));
      yield chunk;
    }
  };
  const source = createReadStream(await store.blobPath(ref), { highWaterMark: 1 << 20 });
  await pipeline(source, counted, await createFile(folder, name));
}

/** Surroundings of {@link copyAllOut}. */
export interface CopyContext extends Pick<StageContext, 'store' | 'expectSilence'> {
  /** Called before every file and after every MiB of it; what it throws ends the copying. */
  onProgress: (note: string) => void;
}

/** Copies blobs into a folder under their names. */
export async function copyAllOut(
  { store, expectSilence, onProgress }: CopyContext,
  files: readonly (readonly [name: string, ref: BlobRef])[],
  folder: string,
): Promise<void> {
  for (const [at, [name, ref]] of files.entries()) {
    const report = (done: number): void =>
      onProgress(`file ${at + 1} of ${files.length}, ${megabytes(done)} of ${megabytes(ref.bytes)} MB`);
    report(0);
    // The store checks a file's hash in one piece before it is copied.
    expectSilence?.(longestReadMs(ref.bytes));
    await copyOut(store, ref, folder, name, report);
  }
  expectSilence?.(0);
}

/** Milliseconds that a file may take to be read in one piece. */
export function longestReadMs(bytes: number): number {
  return (bytes / SLOWEST_READ) * 1000;
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

async function createFile(folder: string, name: string): Promise<ReturnType<typeof createWriteStream>> {
  const relative = normalize(name);
  if (isAbsolute(relative) || relative.split(/[\\/]/).includes('..'))
    throw new Error(`writeOut: a name stays inside the folder, got ${JSON.stringify(name)}`);
  await mkdir(dirname(join(folder, relative)), { recursive: true });
  return createWriteStream(join(folder, relative), { flags: 'wx', flush: true });
}
