// Writing that outlives a power cut: files are flushed before they get their name, and folders after it. Used by the store and by
// publishing; which names are temporary and when they are renamed is their affair.
import { createHash } from 'node:crypto';
import { link, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BlobRef } from './store.js';

/** Modes of every file and folder: their owner's alone. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** Links the finished file to its name; false when the name is taken. Unlike rename, this never replaces. */
export async function createExclusively(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  await flushFolder(dirname(path));
  return true;
}

/** What `link` says where the file system has no hard links: exFAT, some shares on the network. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** True for the error of a `link` that the file system does not have. */
export function lacksHardLinks(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall === 'link' && code !== undefined && NO_LINKS.includes(code);
}

/** Bytes that are hashed while the system takes them. */
const PART_BYTES = 8 << 20;
/** After so many bytes the disk is set to work, so that the flush at the end finds little left. */
const FLUSH_BYTES = 16 << 20;

/** Writes a new file, the owner's alone, flushed to the disk; its content's hash and size. */
export async function writeHashed(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<BlobRef> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', FILE_MODE);
  try {
    let flushed = Promise.resolve();
    let flushAt = FLUSH_BYTES;
    for await (const chunk of chunks) {
      for (let offset = 0; offset < chunk.byteLength; offset += PART_BYTES) {
        const part = chunk.subarray(offset, offset + PART_BYTES);
        const written = writeAll(file, part);
        hash.update(part);
        await written;
        bytes += part.byteLength;
        if (bytes < flushAt) continue;
        flushAt = bytes + FLUSH_BYTES;
        flushed = flushed.then(() => file.datasync());
        flushed.catch(() => undefined); // it is awaited below, or the write has failed already
      }
    }
    // A disk tells of a lost page once: the flush at the end would not hear of it again.
    await flushed;
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), bytes };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.byteLength;) {
    offset += (await file.write(chunk, offset, chunk.byteLength - offset)).bytesWritten;
  }
}

/** Writes a new text file, flushed to the disk. */
export async function writeFlushed(path: string, text: string): Promise<void> {
  await writeHashed(path, [Buffer.from(text)]);
}

/** Flushes a folder, so that the names in it outlive a power cut. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
