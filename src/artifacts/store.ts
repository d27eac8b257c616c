// The content-addressed store's interface: blobs named by their own hash, and records (small JSON) named by kind and key.
// Whatever is in it was written under a temporary name, hashed, flushed and renamed; records are created, never overwritten.
// Only claims change, and nothing that is made depends on them. A store is one file behind this interface (local-store.ts; an
// S3-compatible one comes later).

/** A blob: its content's SHA-256 and its size. */
export interface BlobRef {
  sha256: string;
  bytes: number;
}

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** A note that somebody works on something, which may be replaced and removed. */
export interface Claim {
  /** What is worked on, e.g. a lineage. */
  scope: string;
  name: string;
  body: JsonObject;
  /** Milliseconds since it was last written; negative when the clock was set back since. */
  ageMs: number;
}

/** A file of the store, as the collection of garbage sees it. */
export interface StoredItem {
  type: 'blob' | 'record' | 'claim' | 'set-aside' | 'temporary';
  /** A blob's hash; a record's kind and key; else a name for the eye. */
  name: string;
  bytes: number;
  /** Milliseconds since it was made or last touched. */
  ageMs: number;
}

/** Where artifacts, checkpoints and pinned files are kept. */
export interface ArtifactStore {
  /** Identity of the store, from a file inside it; never its path. */
  readonly id: string;
  /** Folder (or bucket) for the eye. */
  readonly location: string;

  /** Takes a file's content in (copied, hashed on the way). */
  putFile(path: string): Promise<BlobRef>;
  /** Takes bytes in, given whole or as chunks. */
  putBytes(data: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<BlobRef>;
  /** True when the blob is there with its whole size. */
  hasBlob(ref: BlobRef): Promise<boolean>;
  /**
   * A local file with the blob's content, verified against its hash (once a process for each blob).
   * Read only; the file may be shared.
   *
   * @throws DamagedError when it is missing or differs; a differing one is moved aside, so that its name is free again.
   */
  blobPath(ref: BlobRef): Promise<string>;
  /** The blob's content, verified. */
  readBlob(ref: BlobRef): Promise<Buffer>;
  /** Removes a blob that nothing needs any more; no error when it is not there. The caller sees to it that no record counts on it. */
  removeBlob(ref: BlobRef): Promise<void>;

  /** Creates a record; when one stands already it is left and returned with `created: false`. */
  createRecord(kind: string, key: string, body: JsonObject): Promise<{ created: boolean; body: JsonObject }>;
  /** A record's body, or undefined. A torn or damaged one is moved aside and counts as absent. */
  readRecord(kind: string, key: string): Promise<JsonObject | undefined>;
  /** Notes that a record was needed just now; no error when it is not there. */
  touchRecord(kind: string, key: string): Promise<void>;
  /** Notes that a blob was needed just now; no error when it is not there. */
  touchBlob(ref: BlobRef): Promise<void>;
  /** Keys of a kind, sorted, that begin with `prefix` (keys may have parts divided by `/`). */
  listRecords(kind: string, prefix?: string): Promise<string[]>;
  /** Moves a record aside with the reason, so that its name is free again. */
  setAsideRecord(kind: string, key: string, reason: string): Promise<void>;

  /** Writes a claim, or writes it again: that makes it fresh. */
  putClaim(scope: string, name: string, body: JsonObject): Promise<void>;
  /** The claims on something, or on everything, sorted by scope and name; a torn one is left out. */
  listClaims(scope?: string): Promise<Claim[]>;
  /** Removes a claim; no error when it is not there. */
  removeClaim(scope: string, name: string): Promise<void>;

  /** Everything in the store. */
  inventory(): Promise<StoredItem[]>;
  /** Removes something that the inventory named; no error when it is not there. The caller sees to it that nothing counts on it. */
  removeItem(item: StoredItem): Promise<void>;

  /** An unused path in the store's temporary folder; its name carries host, pid and start time. The caller removes what it made. */
  temporaryPath(label: string): Promise<string>;
}

/** A blob or record that is missing or does not have the content its name promises. */
export class DamagedError extends Error {
  override readonly name = 'DamagedError';
  constructor(
    readonly what: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`Store: ${what} is damaged: ${reason}`, options);
  }
}
