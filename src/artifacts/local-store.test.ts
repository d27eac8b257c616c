import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalStore } from './local-store.js';
import { sha256 } from './hash.js';
import type { ArtifactStore } from './store.js';

let folder: string;
let store: ArtifactStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'));
  store = await openLocalStore({ folder, create: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const reopen = () => openLocalStore({ folder });
const blobFile = (hash: string) => join(folder, 'blobs', hash.slice(0, 2), hash);
const recordFile = (kind: string, key: string) => join(folder, 'records', kind, `${key}.json`);

describe('opening a store', () => {
  it('keeps one identity over openings', async () => {
    expect((await reopen()).id).toBe(store.id);
  });

  it('refuses a folder that holds none unless it may make one', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'store-'));
    await expect(openLocalStore({ folder: empty })).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await rm(empty, { recursive: true });
  });

  it('refuses another store than the one the run began on, and names both', async () => {
    const error = await openLocalStore({ folder, expectedId: 'another' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'StoreMismatch' });
    expect(String(error)).toContain('another');
    expect(String(error)).toContain(store.id);
  });

  it('gives one identity to two that make it at once', async () => {
    const fresh = await mkdtemp(join(tmpdir(), 'store-'));
    const opened = await Promise.all([1, 2, 3, 4].map(() => openLocalStore({ folder: fresh, create: true })));
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    await rm(fresh, { recursive: true });
  });
});

describe('blobs', () => {
  it('are named by their content, owner-only, and read back whole', async () => {
    const ref = await store.putBytes([Buffer.from('hello '), Buffer.from('world')]);
    expect(ref).toEqual({ sha256: sha256('hello world'), bytes: 11 });
    expect((await store.readBlob(ref)).toString()).toBe('hello world');
    expect((await stat(blobFile(ref.sha256))).mode & 0o077).toBe(0);
  });

  it('leave no temporary file behind', async () => {
    await store.putBytes(Buffer.from('x'));
    const failing = (function* () {
      yield Buffer.from('half');
      throw new Error('cut');
    })();
    await expect(store.putBytes(failing)).rejects.toThrow('cut');
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  });

  it('that do not fit on the disk are NoDiskSpace with the remedy, and leave nothing half-written', async () => {
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    async function* cut(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from('half'));
      throw full;
    }
    await expect(store.putBytes(cut())).rejects.toMatchObject({
      type: 'NoDiskSpace',
      message: expect.stringMatching(/no space left in .*Free some/) as string,
      cause: full,
    });
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  });

  it('with a flipped byte are moved aside with the reason, and their name is free again', async () => {
    const ref = await store.putBytes(Buffer.from('payload'));
    await writeFile(blobFile(ref.sha256), 'pAyload');
    const later = await reopen();
    await expect(later.readBlob(ref)).rejects.toThrow(/is damaged: expected/);
    const aside = await readdir(join(folder, 'set-aside'));
    const reason = aside.find((name) => name.endsWith('.reason')) ?? '';
    expect(await readFile(join(folder, 'set-aside', reason), 'utf8')).toContain(ref.sha256);
    await later.putBytes(Buffer.from('payload'));
    expect((await later.readBlob(ref)).toString()).toBe('payload');
  });

  it('with a flipped byte are set aside also when their content is put again before it was read', async () => {
    const ref = await store.putBytes(Buffer.from('payload'));
    await writeFile(blobFile(ref.sha256), 'pAyload');
    const later = await reopen();
    await later.putBytes(Buffer.from('payload'));
    expect((await later.readBlob(ref)).toString()).toBe('payload');
    expect(await readdir(join(folder, 'set-aside'))).toHaveLength(2);
  });

  it('cut short or missing are damaged', async () => {
    const cut = await store.putBytes(Buffer.from('to be cut'));
    await truncate(blobFile(cut.sha256), 3);
    await expect(store.blobPath(cut)).rejects.toThrow(/of 3 bytes/);
    await expect(store.blobPath({ sha256: sha256('never put'), bytes: 9 })).rejects.toThrow(/it is missing/);
  });
});

describe('removing a blob', () => {
  it('takes it away, minds none that is not there, and lets it be put again', async () => {
    const ref = await store.putBytes(Buffer.from('gone'));
    await store.removeBlob(ref);
    await store.removeBlob(ref);
    expect(await store.hasBlob(ref)).toBe(false);
    await expect(store.blobPath(ref)).rejects.toThrow(/is missing/);
    expect(await store.putBytes(Buffer.from('gone'))).toEqual(ref);
    expect((await store.readBlob(ref)).toString()).toBe('gone');
  });
});

describe('records', () => {
  it('are created once and never overwritten', async () => {
    expect((await store.createRecord('kind', 'lineage/000001', { value: 1 })).created).toBe(true);
    const second = await store.createRecord('kind', 'lineage/000001', { value: 2 });
    expect(second).toEqual({ created: false, body: { value: 1 } });
    expect(await store.readRecord('kind', 'lineage/000001')).toEqual({ value: 1 });
  });

  it('are created by exactly one of many writers', async () => {
    const results = await Promise.all(
      [...Array(8).keys()].map((value) => store.createRecord('kind', 'key', { value })),
    );
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('that were torn are moved aside and can be made again', async () => {
    await store.createRecord('kind', 'key', { value: 1 });
    await truncate(recordFile('kind', 'key'), 20);
    expect(await store.readRecord('kind', 'key')).toBeUndefined();
    expect(await store.createRecord('kind', 'key', { value: 3 })).toEqual({ created: true, body: { value: 3 } });
  });

  it('with another value than they were written with are moved aside', async () => {
    await store.createRecord('kind', 'key', { value: 1 });
    const text = await readFile(recordFile('kind', 'key'), 'utf8');
    await writeFile(recordFile('kind', 'key'), text.replace('"value":1', '"value":2'));
    expect(await store.readRecord('kind', 'key')).toBeUndefined();
    expect(await readdir(join(folder, 'set-aside'))).not.toHaveLength(0);
  });

  it('are listed by prefix in order', async () => {
    for (const key of ['b/000002', 'b/000010', 'a/000001']) await store.createRecord('kind', key, {});
    expect(await store.listRecords('kind', 'b/')).toEqual(['b/000002', 'b/000010']);
    expect(await store.listRecords('kind', 'b/00001')).toEqual(['b/000010']);
    expect(await store.listRecords('kind', 'a')).toEqual(['a/000001']);
    expect(await store.listRecords('kind', 'c/')).toEqual([]);
    for (const prefix of ['../kind/', '/', 'a/../b/']) expect(await store.listRecords('kind', prefix)).toEqual([]);
    expect(await store.listRecords('no-such-kind')).toEqual([]);
  });

  it('have keys that cannot leave the store', async () => {
    for (const key of ['../../etc/passwd', '/abs', 'a//b', 'a/../b', '.hidden', 'a\0b']) {
      await expect(store.createRecord('kind', key, {})).rejects.toThrow(/a key has letters/);
    }
  });
});

describe('claims', () => {
  it('are written again, listed in order with their age, and removed', async () => {
    await store.putClaim('b', '2', { who: 'x' });
    await store.putClaim('a', '1', { who: 'y' });
    await store.putClaim('a', '1', { who: 'z' });
    const claims = await store.listClaims();
    expect(claims.map(({ scope, name, body }) => [scope, name, body])).toEqual([
      ['a', '1', { who: 'z' }],
      ['b', '2', { who: 'x' }],
    ]);
    expect(claims[0]!.ageMs).toBeLessThan(60_000);
    await store.removeClaim('a', '1');
    await store.removeClaim('a', '1');
    expect(await store.listClaims('a')).toEqual([]);
  });
});

describe('a store that goes away', () => {
  const away = () => `${folder}-away`;
  /** The disk is gone, and its mount point is an empty folder. */
  const unmount = async () => {
    await rename(folder, away());
    await mkdir(folder);
  };
  const mount = async () => {
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
    await rename(away(), folder);
  };

  it('is told as such by everything that reads and writes, and nothing is written in its place', async () => {
    const ref = await store.putBytes(Buffer.from('kept'));
    await store.createRecord('kind', 'key', { value: 1 });
    await unmount();
    const tries: (() => Promise<unknown>)[] = [
      () => store.putBytes(Buffer.from('other')),
      () => store.hasBlob(ref),
      () => store.blobPath(ref),
      () => store.readBlob(ref),
      () => store.createRecord('kind', 'other', {}),
      () => store.readRecord('kind', 'key'),
      () => store.listRecords('kind'),
      () => store.setAsideRecord('kind', 'key', 'no reason'),
      () => store.putClaim('scope', 'name', {}),
      () => store.listClaims(),
      () => store.temporaryPath('x'),
      () => reopen(),
    ];
    for (const attempt of tries) {
      await expect(attempt(), String(attempt)).rejects.toMatchObject({ type: 'StoreUnavailable' });
    }
    await mount();
    expect((await store.readBlob(ref)).toString()).toBe('kept');
    expect(await store.readRecord('kind', 'key')).toEqual({ value: 1 });
  });

  it('is told as such when another store stands in its place', async () => {
    await unmount();
    await openLocalStore({ folder, create: true });
    await expect(store.putBytes(Buffer.from('x'))).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await rm(away(), { recursive: true });
  });
});
