// Reads repositories of the Hub through @huggingface/hub: revision to commit, list of files, download. Busy servers and broken
// connections are tried again with a doubling pause; a cut transfer goes on where it broke. Every file is checked against the hash
// that the Hub's tree states for it. The token goes to the Hub's own origin only, for repositories that the Worker's owner names
// (allowed-hub.ts), and into no error.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { datasetInfo, downloadFile, HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { DamagedError, type ArtifactStore, type BlobRef } from '../artifacts/store.js';
import { FinalError, RetryableError } from '../errors.js';
import { demandHubList, hubAccess } from './allowed-hub.js';
import { DEFAULT_HUB_URL, demandHubUrl } from './hub-address.js';
import { CutTransfer, isTransient, reasonOf, refusedError, type HubRepo, type Refusal } from './hub-errors.js';
import type { SourceSettings } from './source-settings.js';

const MAX_FAILURES = 5;
const MAX_PAUSE_MS = 60_000;
/** A transfer that moved this much before it broke is not counted as failed. */
const PROGRESS_BYTES = 1 << 20;

/** A file of a repository at a commit. */
export interface HubFile {
  path: string;
  bytes: number;
  /** SHA-256 of a large file's content. */
  sha256?: string;
  /** SHA-1 as git computes it, of a small file's content. */
  gitSha1?: string;
}

/** Options of {@link HubClient}. */
export interface HubClientOptions {
  settings: SourceSettings;
  signal: AbortSignal;
  /** Told before each repeated request. */
  onRetry?: (note: string) => void;
}

/** Reads the Hub; one request at a time. */
export class HubClient {
  private readonly hubUrl: string;
  private readonly token: string | undefined;
  private readonly allowed: readonly string[] | undefined;
  private readonly signal: AbortSignal;
  private readonly firstPauseMs: number;
  private readonly onRetry: (note: string) => void;
  private refusal: Refusal | undefined;

  constructor({ settings, signal, onRetry = () => {} }: HubClientOptions) {
    this.hubUrl = demandHubUrl(settings.hubUrl ?? DEFAULT_HUB_URL).replace(/\/+$/, '');
    this.token = settings.hubToken || undefined;
    this.allowed = settings.allowedSources?.hub && demandHubList(settings.allowedSources.hub);
    this.firstPauseMs = settings.hubRetryDelayMs ?? 1000;
    this.signal = signal;
    this.onRetry = onRetry;
  }

  /**
   * The commit that a branch, tag or commit names now.
   *
   * @throws FinalError `SourceNotFound` for an unknown, private or gated repository or revision, `SourceNotAllowed` for one that the
   *   Worker's owner does not allow; RetryableError `SourceUnavailable`.
   */
  async commitOf(repo: HubRepo, revision: string): Promise<string> {
    const { name } = repo;
    const { sha } = await this.retrying(repo, revision, (): Promise<{ sha?: string }> => {
      const options = { name, revision, additionalFields: ['sha' as const], ...this.access(repo) };
      return repo.type === 'model' ? modelInfo(options) : datasetInfo(options);
    });
    if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha)) {
      throw new RetryableError('SourceUnavailable', `Hub: ${repo.type} ${name} came without a commit. Trying again.`);
    }
    return sha;
  }

  /** Like {@link commitOf}, but undefined when the repository has no such revision. */
  async findCommit(repo: HubRepo, revision: string): Promise<string | undefined> {
    return this.commitOf(repo, revision).catch((error: unknown) => {
      if (error instanceof FinalError && error.type === 'SourceNotFound') return undefined;
      throw error;
    });
  }

  /** Every file at a commit, sorted by path. */
  async listFiles(repo: HubRepo, commit: string): Promise<HubFile[]> {
    const files = await this.retrying(repo, commit, async () => {
      const found: HubFile[] = [];
      for await (const entry of listFiles({ repo, revision: commit, recursive: true, ...this.access(repo) })) {
        if (entry.type !== 'file') continue;
        const hash = entry.lfs ? { sha256: entry.lfs.oid } : entry.oid ? { gitSha1: entry.oid } : {};
        found.push({ path: entry.path, bytes: entry.lfs?.size ?? entry.size, ...hash });
      }
      return found;
    });
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /**
   * Takes a file into the store; one that is there already is not fetched again.
   *
   * @throws RetryableError `SourceUnavailable` when the Hub keeps failing or the content does not have the hash that it states.
   */
  async download(
    repo: HubRepo,
    commit: string,
    file: HubFile,
    { store, onBytes = () => {} }: { store: ArtifactStore; onBytes?: (bytes: number) => void },
  ): Promise<BlobRef> {
    if (file.sha256 !== undefined) {
      const known = { sha256: file.sha256, bytes: file.bytes };
      const there = (await store.hasBlob(known)) && (await isSound(store, known));
      if (there) {
        // What gc takes for old must not go before the folder that names it is remembered.
        await store.touchBlob(known);
        onBytes(file.bytes);
        return known;
      }
    }
    const git = createHash('sha1').update(`blob ${file.bytes}\0`);
    const content = this.content(repo, commit, file);
    const ref = await store.putBytes(
      (async function* () {
        for await (const chunk of content) {
          git.update(chunk);
          onBytes(chunk.byteLength);
          yield chunk;
        }
      })(),
    );
    const sound =
      (file.sha256 === undefined || file.sha256 === ref.sha256) &&
      (file.gitSha1 === undefined || file.gitSha1 === git.digest('hex'));
    if (!sound) {
      throw new RetryableError(
        'SourceUnavailable',
        `Hub: ${file.path} of ${repo.name} arrived with another content than the Hub states for it. Trying again.`,
      );
    }
    return ref;
  }

  /** The file's bytes; a broken transfer is resumed from where it broke. */
  private async *content(repo: HubRepo, commit: string, file: HubFile): AsyncGenerator<Uint8Array> {
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    let offset = 0;
    let failures = 0;
    while (offset < file.bytes) {
      const start = offset;
      try {
        const blob = await downloadFile({ repo, revision: commit, path, xet: false, ...this.access(repo) });
        if (!blob) throw new FinalError('SourceNotFound', `Hub: ${repo.name} has no file ${JSON.stringify(file.path)}`);
        if (blob.size !== file.bytes) throw new CutTransfer(`a file of ${blob.size} bytes instead of ${file.bytes}`);
        for await (const chunk of blob.slice(offset).stream() as unknown as AsyncIterable<Uint8Array>) {
          offset += chunk.byteLength;
          if (offset > file.bytes)
            throw new FinalError('SourceNotFound', `Hub: ${file.path} of ${repo.name} is longer than stated`);
          yield chunk;
        }
        if (offset < file.bytes) throw new CutTransfer('the transfer was cut');
      } catch (error) {
        failures = offset - start >= PROGRESS_BYTES ? 1 : failures + 1;
        await this.pauseOrThrow(error, failures, repo, commit);
      }
    }
  }

  private async retrying<T>(repo: HubRepo, revision: string, request: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await request();
      } catch (error) {
        await this.pauseOrThrow(error, failures, repo, revision);
      }
    }
  }

  private async pauseOrThrow(error: unknown, failures: number, repo: HubRepo, revision: string): Promise<void> {
    this.signal.throwIfAborted();
    if (error instanceof HubApiError && !isTransient(error)) {
      const refusal = this.refusal ?? { status: error.statusCode };
      throw refusedError(repo, revision, refusal, { token: this.tokenState(repo), hubUrl: this.hubUrl });
    }
    if (!isTransient(error)) throw error;
    const reason = reasonOf(error);
    if (failures >= MAX_FAILURES) {
      throw new RetryableError(
        'SourceUnavailable',
        `Hub: ${this.hubUrl} does not give ${repo.type} ${repo.name} after ${failures} attempts: ${reason}. Is the Hub reachable from this Worker? The run goes on by itself when it is.`,
        { cause: new Error(reason) },
      );
    }
    const pauseMs = Math.min(MAX_PAUSE_MS, this.refusal?.retryAfterMs ?? this.firstPauseMs * 2 ** (failures - 1));
    this.onRetry(`Hub: ${reason}; attempt ${failures + 1} of ${MAX_FAILURES} for ${repo.name}`);
    await sleep(pauseMs, undefined, { signal: this.signal });
  }

  private access(repo: HubRepo): { hubUrl: string; fetch: typeof fetch } {
    const token = hubAccess(repo, this.allowed) === 'named' ? this.token : undefined;
    return { hubUrl: this.hubUrl, fetch: (input, init) => this.fetch(token, input, init) };
  }

  private tokenState(repo: HubRepo): 'none' | 'sent' | 'withheld' {
    if (this.token === undefined) return 'none';
    return hubAccess(repo, this.allowed) === 'named' ? 'sent' : 'withheld';
  }

  private async fetch(
    token: string | undefined,
    input: Parameters<typeof fetch>[0],
    init: RequestInit = {},
  ): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    // fetch itself drops this header when a redirect leaves the origin.
    if (token !== undefined && url.origin === new URL(this.hubUrl).origin) {
      headers.set('Authorization', `Bearer ${token}`);
    }
    this.refusal = undefined;
    const response = await fetch(url, { ...init, headers, signal: this.signal });
    if (!response.ok) this.refusal = refusalOf(response);
    const wanted = /^bytes=(\d+)-/.exec(headers.get('Range') ?? '')?.[1];
    if (response.status === 200 && wanted !== undefined && wanted !== '0') {
      await response.body?.cancel();
      throw new CutTransfer('the server cannot resume a transfer');
    }
    return response;
  }
}

async function isSound(store: ArtifactStore, ref: BlobRef): Promise<boolean> {
  return store.blobPath(ref).then(
    () => true,
    (error: unknown) => {
      if (error instanceof DamagedError) return false;
      throw error;
    },
  );
}

function refusalOf(response: Response): Refusal {
  const code = response.headers.get('X-Error-Code');
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return {
    status: response.status,
    ...(code !== null && { code }),
    ...(Number.isFinite(seconds) && seconds >= 0 && { retryAfterMs: seconds * 1000 }),
  };
}
