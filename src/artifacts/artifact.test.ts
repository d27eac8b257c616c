import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findArtifact, materialize, readArtifact, remember } from './artifact.js';
import { openLocalStore } from './local-store.js';
import type { ArtifactStore } from './store.js';

let folder: string;
let store: ArtifactStore;
let made = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'artifact-'));
  store = await openLocalStore({ folder, create: true });
  made = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const rows = (inputs: unknown, from = store) =>
  remember({
    store: from,
    kind: 'rows',
    version: 1,
    inputs,
    make: async () => {
      made++;
      return { blobs: { 'rows.txt': await from.putBytes(Buffer.from('one\ntwo\n')) }, facts: { count: 2 } };
    },
  });

describe('a remembered result', () => {
  it('is made once for the same inputs, whatever the order of their keys', async () => {
    const first = await rows({ a: 1, b: 2 });
    expect(await rows({ b: 2, a: 1 })).toEqual(first);
    expect(made).toBe(1);
  });

  it('is made anew for other inputs', async () => {
    const first = await rows({ a: 1 });
    expect((await rows({ a: 2 })).key).not.toBe(first.key);
    expect(made).toBe(2);
  });

  it('is made anew when one of its blobs was damaged', async () => {
    const first = await rows({});
    const path = await store.blobPath(first.blobs['rows.txt']!);
    await writeFile(path, 'one\ntWo\n');
    const again = await openLocalStore({ folder });
    expect(await findArtifact(again, first)).toBeUndefined();
    expect((await rows({}, again)).blobs).toEqual(first.blobs);
    expect(made).toBe(2);
  });

  it('that nobody made is an error that names it', async () => {
    await expect(readArtifact(store, { kind: 'rows', key: 'absent' })).rejects.toThrow(/rows absent is damaged/);
  });

  it('is laid under its names in a folder, and nowhere else', async () => {
    const { blobs } = await rows({});
    const target = join(folder, 'laid');
    await materialize(store, { 'sub/rows.txt': blobs['rows.txt']! }, target);
    expect(await readFile(join(target, 'sub', 'rows.txt'), 'utf8')).toBe('one\ntwo\n');
    await expect(materialize(store, { '../out.txt': blobs['rows.txt']! }, target)).rejects.toThrow(/stays inside/);
  });
});
