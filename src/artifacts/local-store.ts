// The store in a local folder:
//   store.json                         its identity
//   blobs/<2 hex>/<sha256>             contents
//   records/<kind>/<key>.json          {"sha256": …, "body": …}
//   claims/<scope>/<name>.json         who works on what (local-claims.ts)
//   set-aside/                         damaged things, with the reason beside them
//   tmp/<host>~<pid>~<start>~…         what is being written (temporary-files.ts)
// Everything is the owner's alone (0700/0600). Order of a write: temporary name, fsync, rename or link, fsync of the folder.
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RetryableError } from '../errors.js';
import { createExclusively, FILE_MODE, flushFolder, FOLDER_MODE, writeHashed } from './flushed-files.js';
import { sha256OfFile } from './hash.js';
import { takeInventory, pathOfItem } from './local-inventory.js';
import { listClaims, putClaim, removeClaim } from './local-claims.js';
import { listRecordKeys, soundBody, writeRecordFile } from './local-records.js';
import { storeError, withSystemErrors } from './store-errors.js';
import { makeIdentity, readIdentity } from './store-identity.js';
import { folderOfRecords, pathOfBlob, pathOfClaim, pathOfRecord } from './store-layout.js';
import { temporaryName } from './temporary-files.js';
import {
  DamagedError,
  type ArtifactStore,
  type BlobRef,
  type Claim,
  type JsonObject,
  type StoredItem,
} from './store.js';

/** Options of {@link openLocalStore}. */
export interface OpenLocalStoreOptions {
  folder: string;
  /** Make the store when the folder holds none; else that is an error. */
  create?: boolean;
  /** The id that the run began with; another one is an error that names both. */
  expectedId?: string;
}

/**
 * Opens the store in a folder.
 *
 * @throws RetryableError `StoreUnavailable` when it is not there, `StoreMismatch` when it is another one.
 */
export async function openLocalStore({
  folder,
  create = false,
  expectedId,
}: OpenLocalStoreOptions): Promise<ArtifactStore> {
  let id = await readIdentity(folder);
  if (id === undefined) {
    if (!create)
      throw new RetryableError(
        'StoreUnavailable',
        `Store: ${folder} holds no store (store.json is missing). Is the disk mounted?`,
      );
    await makeIdentity(folder);
    id = await readIdentity(folder);
  }
  if (id === undefined) throw new RetryableError('StoreUnavailable', `Store: ${folder}/store.json cannot be read`);
  if (expectedId !== undefined && id !== expectedId) {
    throw new RetryableError(
      'StoreMismatch',
      `Store: the run began on store ${expectedId}, but ${folder} holds store ${id}. Bring the first one back, or start a new run.`,
    );
  }
  return new LocalStore(folder, id);
}

class LocalStore implements ArtifactStore {
  private readonly verified = new Set<string>();
  private temporaryCount = 0;

  constructor(
    readonly location: string,
    readonly id: string,
  ) {}

  putFile(path: string): Promise<BlobRef> {
    return this.putBytes(createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>);
  }

  async putBytes(data: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<BlobRef> {
    return withSystemErrors(this.location, async () => {
      const temporary = await this.temporaryPath('blob');
      try {
        const ref = await writeHashed(temporary, data instanceof Uint8Array ? [data] : data);
        const path = pathOfBlob(this.location, ref);
        await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
        if (!(await this.isWhole(ref))) {
          await rename(temporary, path);
          await flushFolder(dirname(path));
        } else {
          // Needed again: it is not old any more.
          await this.touchBlob(ref);
        }
        this.verified.add(ref.sha256);
        return ref;
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async hasBlob(ref: BlobRef): Promise<boolean> {
    return (await this.sizeOf(pathOfBlob(this.location, ref))) === ref.bytes;
  }

  async blobPath(ref: BlobRef): Promise<string> {
    const path = pathOfBlob(this.location, ref);
    if (this.verified.has(ref.sha256) && (await this.hasBlob(ref))) return path;
    const size = await this.sizeOf(path);
    if (size === undefined) throw new DamagedError(`blob ${ref.sha256}`, 'it is missing');
    const actual =
      size === ref.bytes ? await withSystemErrors(this.location, () => sha256OfFile(path)) : `of ${size} bytes`;
    if (actual !== ref.sha256) {
      const reason = `expected ${ref.sha256} (${ref.bytes} bytes), found ${actual}`;
      await this.setAside(path, reason);
      throw new DamagedError(`blob ${ref.sha256}`, reason);
    }
    this.verified.add(ref.sha256);
    return path;
  }

  /** What lies there under the right size may still be damaged, and is then set aside. */
  private async isWhole(ref: BlobRef): Promise<boolean> {
    try {
      await this.blobPath(ref);
      return true;
    } catch (error) {
      if (error instanceof DamagedError) return false;
      throw error;
    }
  }

  async readBlob(ref: BlobRef): Promise<Buffer> {
    const path = await this.blobPath(ref);
    return withSystemErrors(this.location, () => readFile(path));
  }

  async removeBlob(ref: BlobRef): Promise<void> {
    this.verified.delete(ref.sha256);
    await withSystemErrors(this.location, () => rm(pathOfBlob(this.location, ref), { force: true }));
  }

  async createRecord(kind: string, key: string, body: JsonObject): Promise<{ created: boolean; body: JsonObject }> {
    const path = pathOfRecord(this.location, kind, key);
    return withSystemErrors(this.location, async () => {
      const temporary = await this.temporaryPath('record');
      try {
        await writeRecordFile(temporary, body);
        await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
        for (;;) {
          if (await createExclusively(temporary, path)) return { created: true, body };
          const standing = await this.readRecord(kind, key);
          if (standing) return { created: false, body: standing };
        }
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async readRecord(kind: string, key: string): Promise<JsonObject | undefined> {
    const path = pathOfRecord(this.location, kind, key);
    const text = await this.unlessMissing(readFile(path, 'utf8'));
    if (text === undefined) return undefined;
    const body = soundBody(text);
    if (!body) await this.setAside(path, 'the record does not have the hash it states');
    return body;
  }

  touchRecord(kind: string, key: string): Promise<void> {
    return touch(pathOfRecord(this.location, kind, key));
  }

  touchBlob(ref: BlobRef): Promise<void> {
    return touch(pathOfBlob(this.location, ref));
  }

  async listRecords(kind: string, prefix = ''): Promise<string[]> {
    const folder = folderOfRecords(this.location, kind, prefix);
    if (folder === undefined) return [];
    const keys = await this.unlessMissing(listRecordKeys(folder));
    const before = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    return (keys ?? []).map((key) => before + key).filter((key) => key.startsWith(prefix));
  }

  async setAsideRecord(kind: string, key: string, reason: string): Promise<void> {
    await this.setAside(pathOfRecord(this.location, kind, key), reason);
  }

  putClaim(scope: string, name: string, body: JsonObject): Promise<void> {
    const path = pathOfClaim(this.location, scope, name);
    return withSystemErrors(this.location, async () => putClaim(path, await this.temporaryPath('claim'), body));
  }

  async listClaims(scope?: string): Promise<Claim[]> {
    const root = join(this.location, 'claims');
    if (scope !== undefined) return (await this.unlessMissing(listClaims(root, scope))) ?? [];
    const scopes = (await this.unlessMissing(readdir(root))) ?? [];
    const claims = await Promise.all(scopes.sort().map((each) => this.listClaims(each)));
    return claims.flat();
  }

  async removeClaim(scope: string, name: string): Promise<void> {
    await withSystemErrors(this.location, () => removeClaim(pathOfClaim(this.location, scope, name)));
  }

  async inventory(): Promise<StoredItem[]> {
    await this.demandPresence();
    return withSystemErrors(this.location, () => takeInventory(this.location));
  }

  async removeItem(item: StoredItem): Promise<void> {
    if (item.type === 'blob') this.verified.delete(item.name);
    const path = pathOfItem(this.location, item);
    await withSystemErrors(this.location, () => rm(path, { recursive: true, force: true }));
  }

  async temporaryPath(label: string): Promise<string> {
    const folder = join(this.location, 'tmp');
    await this.demandPresence();
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    return join(folder, temporaryName(`${this.temporaryCount++}-${randomUUID().slice(0, 8)}-${label}`));
  }

  /** What the work gives, or undefined when it met a missing file. A store that is away as a whole is told apart from that. */
  private async unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storeError(this.location, error);
      await this.demandPresence();
      return undefined;
    }
  }

  private async sizeOf(path: string): Promise<number | undefined> {
    return (await this.unlessMissing(stat(path)))?.size;
  }

  /** A disk that is not mounted leaves an empty folder: nothing may be written there, and nothing that is missing there is lost. */
  private async demandPresence(): Promise<void> {
    if ((await readIdentity(this.location)) === this.id) return;
    throw new RetryableError(
      'StoreUnavailable',
      `Store: store ${this.id} is no longer in ${this.location}. Is the disk mounted? The run goes on by itself when it is back.`,
    );
  }

  private async setAside(path: string, reason: string): Promise<void> {
    await this.demandPresence();
    const folder = join(this.location, 'set-aside');
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const target = join(folder, `${Date.now()}-${randomUUID().slice(0, 8)}`);
    await rename(path, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw storeError(this.location, error);
    });
    await writeFile(`${target}.reason`, `${path.slice(this.location.length + 1)}: ${reason}\n`, { mode: FILE_MODE });
  }
}

/** A time that cannot be set (a read-only disk) only means that the file counts as old. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}
