// A small HTTP server that speaks the Hub's paths, for tests: repository info by revision, file tree, resolve with ETag and ranges,
// large files by a redirect to a signed address on another origin. It can gate, fail and cut transfers on demand.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository to serve. */
export interface FakeRepo {
  type: 'model' | 'dataset';
  name: string;
  files: Record<string, Buffer | string>;
  /** Files of the Hub's own Parquet conversion (`default/train/0000.parquet`). */
  conversion?: Record<string, Buffer | string>;
  /** 403 with `GatedRepo` unless the request carries the token. */
  gated?: boolean;
}

/** What was asked of the server. */
export interface SeenRequest {
  origin: 'hub' | 'cdn';
  path: string;
  authorization: string | undefined;
  range: string | undefined;
}

/** A running fake Hub. */
export interface FakeHub {
  url: string;
  requests: SeenRequest[];
  /** The commit of a repository's main branch (or of its conversion). */
  commitOf(name: string, branch?: 'main' | 'conversion'): string;
  /** The next `times` requests whose path matches are answered with a status. */
  fail(pattern: RegExp, status: number, options?: { times?: number; headers?: Record<string, string> }): void;
  /** The next `times` transfers of a matching path break after so many bytes. */
  cut(pattern: RegExp, afterBytes: number, options?: { times?: number }): void;
  close(): Promise<void>;
}

/** Options of {@link startFakeHub}. */
export interface FakeHubOptions {
  repos: FakeRepo[];
  /** The token that opens gated repositories. */
  token?: string;
  /** Files of at least this size are large ones (SHA-256 in the tree, redirect at download); default 1024 bytes. */
  largeFrom?: number;
}

/** Secret in the signed addresses, so that a test can look for it where it must not be. */
export const SIGNATURE = 'X-Signature-5ec2e7';

/** Starts the server on free local ports; close it at the end. */
export async function startFakeHub({ repos, token, largeFrom = 1024 }: FakeHubOptions): Promise<FakeHub> {
  const requests: SeenRequest[] = [];
  const failures: { pattern: RegExp; status: number; times: number; headers: Record<string, string> }[] = [];
  const cuts: { pattern: RegExp; afterBytes: number; times: number }[] = [];
  const branches = new Map<string, { repo: FakeRepo; files: Map<string, Buffer> }>();
  const commits = new Map<string, string>();
  for (const repo of repos) {
    for (const [branch, files] of [
      ['main', repo.files],
      ['refs/convert/parquet', repo.conversion],
    ] as const) {
      if (!files) continue;
      const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
      const hash = createHash('sha1').update(`${repo.name}:${branch}`);
      for (const [path, content] of contents) hash.update(path).update(content);
      const commit = hash.digest('hex');
      commits.set(`${repo.type}s/${repo.name}@${branch}`, commit);
      for (const revision of [branch, commit, ...(branch === 'main' ? ['HEAD'] : [])]) {
        branches.set(`${repo.type}s/${repo.name}@${revision}`, { repo, files: contents });
      }
    }
  }

  const see = (origin: 'hub' | 'cdn', request: IncomingMessage): string => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname);
    const { authorization, range } = request.headers;
    requests.push({ origin, path, authorization, range });
    return path;
  };

  const cdn = createServer((request, response) => {
    const path = see('cdn', request);
    if (!request.url?.includes(SIGNATURE)) return refuse(response, 403);
    const [, key = '', file = ''] = /^\/([^@]+@[0-9a-f]{40})\/(.+)$/.exec(path) ?? [];
    const content = branches.get(key)?.files.get(file);
    if (!content) return refuse(response, 404);
    send(request, response, path, content);
  });
  const cdnUrl = await listen(cdn);

  const hub = createServer((request, response) => {
    const path = see('hub', request);
    const failure = failures.find(({ pattern, times }) => times > 0 && pattern.test(path));
    if (failure) {
      failure.times--;
      return refuse(response, failure.status, failure.headers);
    }
    const info = /^\/api\/(models|datasets)\/(.+?)\/revision\/(.+)$/.exec(path);
    const tree = /^\/api\/(models|datasets)\/(.+?)\/tree\/(.+)$/.exec(path);
    const resolve = /^\/(datasets\/)?([^/]+(?:\/[^/]+)?)\/resolve\/([0-9a-f]{40}|[^/]+)\/(.+)$/.exec(path);
    const [kind, name, revision] = info
      ? [info[1], info[2], info[3]]
      : tree
        ? [tree[1], tree[2], tree[3]]
        : [resolve?.[1] ? 'datasets' : 'models', resolve?.[2], resolve?.[3]];
    if (name === undefined || revision === undefined) return refuse(response, 404);
    const branch = branches.get(`${kind}/${name}@${revision}`);
    if (!branch) {
      const known = repos.some((repo) => repo.name === name && `${repo.type}s` === kind);
      // The real Hub answers 401 for unknown repositories when no token came.
      if (known) return refuse(response, 404, { 'X-Error-Code': 'RevisionNotFound' });
      return refuse(response, request.headers.authorization ? 404 : 401, { 'X-Error-Code': 'RepoNotFound' });
    }
    const { repo, files } = branch;
    if (repo.gated && (token === undefined || request.headers.authorization !== `Bearer ${token}`)) {
      return refuse(response, request.headers.authorization ? 403 : 401, { 'X-Error-Code': 'GatedRepo' });
    }
    const commit = /^[0-9a-f]{40}$/.test(revision)
      ? revision
      : (commits.get(`${kind}/${name}@${revision === 'HEAD' ? 'main' : revision}`) ?? '');
    if (info) return json(response, { _id: '1', id: name, sha: commit, private: false, gated: repo.gated ?? false });
    if (tree)
      return json(
        response,
        [...files].map(([file, content]) => treeEntry(file, content, largeFrom)),
      );
    const file = resolve?.[4] ?? '';
    const content = files.get(file);
    if (!content) return refuse(response, 404, { 'X-Error-Code': 'EntryNotFound' });
    response.setHeader('X-Repo-Commit', commit);
    if (content.length < largeFrom) return send(request, response, path, content);
    const target = `${cdnUrl}/${encodeURIComponent(`${kind}/${name}@${commit}`)}/${encodeURIComponent(file)}?${SIGNATURE}`;
    response.setHeader('X-Linked-ETag', `"${sha(content, 'sha256')}"`);
    response.setHeader('X-Linked-Size', String(content.length));
    response.writeHead(302, { Location: target }).end();
  });
  const url = await listen(hub);

  function send(request: IncomingMessage, response: ServerResponse, path: string, content: Buffer): void {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(range?.[2] ? Number(range[2]) : content.length - 1, content.length - 1);
    if (start > end) return refuse(response, 416);
    const body = content.subarray(start, end + 1);
    response.setHeader('ETag', `"${sha(content, 'sha1')}"`);
    response.setHeader('Content-Length', body.length);
    if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${content.length}`);
    response.writeHead(range ? 206 : 200);
    const cut = cuts.find(
      ({ pattern, times, afterBytes }) => times > 0 && body.length > afterBytes && pattern.test(path),
    );
    if (!cut) return void response.end(body);
    cut.times--;
    response.write(body.subarray(0, cut.afterBytes), () => setTimeout(() => response.destroy(), 20));
  }

  return {
    url,
    requests,
    commitOf: (name, branch = 'main') => {
      const revision = branch === 'main' ? 'main' : 'refs/convert/parquet';
      const found = commits.get(`models/${name}@${revision}`) ?? commits.get(`datasets/${name}@${revision}`);
      if (found === undefined) throw new Error(`fake Hub: no repository ${name}`);
      return found;
    },
    fail: (pattern, status, { times = 1, headers = {} } = {}) =>
      void failures.push({ pattern, status, times, headers }),
    cut: (pattern, afterBytes, { times = 1 } = {}) => void cuts.push({ pattern, afterBytes, times }),
    close: async () => {
      for (const server of [hub, cdn]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function treeEntry(path: string, content: Buffer, largeFrom: number): object {
  const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
  const entry = { type: 'file', path, size: content.length, oid };
  if (content.length < largeFrom) return entry;
  return { ...entry, lfs: { oid: sha(content, 'sha256'), size: content.length, pointerSize: 130 } };
}

function sha(content: Buffer, algorithm: string): string {
  return createHash(algorithm).update(content).digest('hex');
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json', ...headers })
    .end(JSON.stringify({ error: `status ${status}` }));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
