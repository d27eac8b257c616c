// Reads zip archives with limits on entries and unpacked bytes. Nothing is ever written under an entry's own name; a name that
// would leave its folder makes the archive refused.
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { errorMessage, FinalError } from '../errors.js';

/** Limits on what an archive may unpack to. */
export interface ZipLimits {
  maxEntries: number;
  /** Over all entries that are read. */
  maxBytes: number;
}
/** A million entries, 64 GB. */
export const DEFAULT_ZIP_LIMITS: ZipLimits = { maxEntries: 1_000_000, maxBytes: 64 * 2 ** 30 };

/** An open archive. */
export class ZipReader {
  private unpacked = 0;

  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: Map<string, Entry>,
    private readonly label: string,
    private readonly limits: ZipLimits,
  ) {}

  /**
   * Opens an archive and reads its list of files; close it at the end.
   *
   * @throws FinalError `InvalidData` for what is no zip, is cut short, too large, or has names that leave their folder.
   */
  static async open(path: string, label: string, limits: ZipLimits = DEFAULT_ZIP_LIMITS): Promise<ZipReader> {
    return orInvalid(label, async () => {
      const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
      try {
        if (zip.entryCount > limits.maxEntries) {
          throw new FinalError(
            'InvalidData',
            `dataset: ${label}: a zip has at most ${limits.maxEntries} entries, got ${zip.entryCount}`,
          );
        }
        const entries = new Map<string, Entry>();
        for await (const entry of zip.eachEntry())
          if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry);
        return new ZipReader(zip, entries, label, limits);
      } catch (error) {
        zip.close();
        throw error;
      }
    });
  }

  /** Names of the files inside, sorted. */
  get names(): string[] {
    return [...this.entries.keys()].sort();
  }

  /** Unpacked size of a file, as the archive states it. */
  sizeOf(name: string): number {
    return this.entryOf(name).uncompressedSize;
  }

  /** A small file's bytes. */
  async read(name: string): Promise<Buffer> {
    return orInvalid(`${this.label} › ${name}`, async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of (await this.stream(name)) as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
  }

  /** Unpacks a file to a path of the caller's own making. */
  async extract(name: string, path: string): Promise<void> {
    await orInvalid(`${this.label} › ${name}`, async () =>
      pipeline(await this.stream(name), createWriteStream(path, { mode: 0o600 })),
    );
  }

  close(): void {
    this.zip.close();
  }

  /** The library ends the stream with an error when it has more bytes than the entry states. */
  private async stream(name: string): Promise<Readable> {
    const entry = this.entryOf(name);
    this.unpacked += entry.uncompressedSize;
    if (this.unpacked > this.limits.maxBytes) {
      throw new FinalError(
        'InvalidData',
        `dataset: ${this.label}: a zip unpacks to at most ${this.limits.maxBytes} bytes, got more`,
      );
    }
    return this.zip.openReadStreamPromise(entry);
  }

  private entryOf(name: string): Entry {
    const entry = this.entries.get(name);
    if (!entry) throw new FinalError('InvalidData', `dataset: ${this.label} has no file ${JSON.stringify(name)}`);
    return entry;
  }
}

async function orInvalid<T>(label: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FinalError || isSystemError(error)) throw error;
    throw new FinalError(
      'InvalidData',
      `dataset: ${label}: a sound zip is needed (${errorMessage(error).slice(0, 160)})`,
      {
        cause: error,
      },
    );
  }
}

/** No space, no permission: not the archive's fault. */
function isSystemError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EIO', 'EMFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
}
