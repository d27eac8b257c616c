import { mkdirSync, writeFileSync, type promises } from 'node:fs';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { remember } from '../artifacts/artifact.js';
import { addToChampionLog, readChampionLog, rollBackChampion } from '../artifacts/champion-log.js';
import { sha256 } from '../artifacts/hash.js';
import { openLocalStore } from '../artifacts/local-store.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { StageProgress } from '../spec/stages.js';
import { findGarbage, freeGarbage } from '../training/garbage.js';
import { placeChampion, takeVersion } from './champion-folder.js';

/** A folder whose removal in one call ends, killed, when its subfolders are gone. */
const removal = vi.hoisted(() => ({ diesAt: '' }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  const rm: typeof promises.rm = async (path, options) => {
    if (path !== removal.diesAt) return real.rm(path, options);
    removal.diesAt = '';
    await real.rm(join(path, 'onnx'), { recursive: true });
    throw new Error('killed');
  };
  return { ...real, rm };
});

let root: string;
let out: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'champion-folder-'));
  out = join(root, 'out');
  store = await openLocalStore({ folder: join(root, 'store'), create: true });
});
afterEach(() => rm(root, { recursive: true }));

const at = '2026-11-24T03:00:00.000Z';
const path = () => join(out, 'data', 'champions', 'words');
const served = (file = 'model.safetensors') => readFile(join(path(), file), 'utf8');
const place = () => placeChampion({ store }, 'words', out);

/** Promotes a folder with these weights. */
async function promote(weights: string): Promise<void> {
  const candidate = join(root, 'candidate');
  await rm(candidate, { recursive: true, force: true });
  await mkdir(join(candidate, 'onnx'), { recursive: true });
  await writeFile(join(candidate, 'model.safetensors'), weights);
  await writeFile(join(candidate, 'onnx', 'model.onnx'), `graph of ${weights}`);
  const files = await takeVersion(candidate, {
    store,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  const { kind, key } = await remember({
    ...{ store, kind: 'trained-questions', version: 1, inputs: { weights } },
    make: async () => ({ blobs: { questions: await store.putBytes(Buffer.from(weights)) }, facts: {} }),
  });
  await addToChampionLog(store, 'words', await readChampionLog(store, 'words'), {
    ...{ event: 'promoted', at, by: 'w', why: '' },
    version: { sha256: sha256(weights), files, trainedOn: { kind, key }, directory: out },
  });
}

describe('a champion’s path', () => {
  it('leads to nothing before the first promotion', async () => {
    expect(await place()).toBeUndefined();
    await expect(lstat(path())).rejects.toThrow('ENOENT');
  });

  it('leads to the whole folder of what stands, and after a roll-back to the one before', async () => {
    await promote('one');
    expect(await place()).toMatchObject({ version: 1, path: path(), sha256: sha256('one') });
    expect(await served('onnx/model.onnx')).toBe('graph of one');
    await promote('two');
    await place();
    expect(await served()).toBe('two');
    await rollBackChampion(store, 'words', { at, by: 'somebody' });
    expect((await place())?.folder).toBe(join(out, 'data', 'versions', 'words-v1'));
    expect(await served()).toBe('one');
    expect(await readdir(join(out, 'data', 'champions'))).toEqual(['words']);
  });

  it('is moved by one rename: it never leads nowhere while it moves', async () => {
    await promote('one');
    await place();
    await promote('two');
    let moving = true;
    const moved = place().finally(() => (moving = false));
    const seen = new Set<string>();
    while (moving) seen.add(await readlink(path()));
    await moved;
    seen.add(await readlink(path()));
    expect([...seen].at(-1)).toBe('../versions/words-v2');
    for (const target of seen) expect(['../versions/words-v1', '../versions/words-v2']).toContain(target);
  });

  it('follows a roll-back that comes while a promotion moves it', async () => {
    for (const weights of ['one', 'two', 'three']) await promote(weights);
    let isBeside = true;
    const slow = new Proxy(store, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (key === 'readRecord' && args[0] === 'champion-version' && isBeside) {
            isBeside = false;
            await rollBackChampion(store, 'words', { to: 1, at, by: 'somebody' });
            await place();
          }
          return value.apply(target, args) as unknown;
        };
      },
    });
    expect((await placeChampion({ store: slow }, 'words', out))?.version).toBe(1);
    expect(await served()).toBe('one');
  });

  it('stays relative, so that the output folder can be moved as a whole', async () => {
    await promote('one');
    await place();
    expect(await readlink(path())).toBe('../versions/words-v1');
  });

  it('that is a folder of somebody else’s is refused and left alone', async () => {
    await promote('one');
    await mkdir(path(), { recursive: true });
    await writeFile(join(path(), 'mine'), 'x');
    await expect(place()).rejects.toMatchObject({ type: 'PathNotAllowed' });
    expect(await readdir(path())).toEqual(['mine']);
  });
});

describe('a version’s folder', () => {
  it('that is gone, or whose weights were changed, is laid out again from the store', async () => {
    await promote('one');
    const { folder } = (await place())!;
    await writeFile(join(folder, 'model.safetensors'), 'changed');
    await place();
    expect(await served()).toBe('one');
    await rm(join(out), { recursive: true });
    await place();
    expect(await served('onnx/model.onnx')).toBe('graph of one');
  });

  it('that is only half there is laid out again, whatever is missing', async () => {
    await promote('one');
    const { folder } = (await place())!;
    await rm(join(folder, 'model.safetensors'));
    await writeFile(join(folder, '.DS_Store'), '');
    await place();
    expect(await served()).toBe('one');
    await rm(folder, { recursive: true });
    await mkdir(join(folder, 'onnx'), { recursive: true });
    await place();
    expect(await served('onnx/model.onnx')).toBe('graph of one');
  });

  it.each([
    ['a folder', (folder: string) => writeFile(join(folder, 'my-own-notes.txt'), 'x')],
    ['a folder deep inside', (folder: string) => writeFile(join(folder, 'onnx', 'mine.onnx'), 'x')],
    ['a link', (folder: string) => rename(folder, `${folder}-mine`).then(() => symlink(`${folder}-mine`, folder))],
    ['a file', (folder: string) => rm(folder, { recursive: true }).then(() => writeFile(folder, 'x'))],
  ])('that is somebody else’s, %s, is refused and left alone', async (_, put) => {
    await promote('one');
    const folder = join(out, 'data', 'versions', 'words-v1');
    await mkdir(join(folder, 'onnx'), { recursive: true });
    await put(folder);
    const before = await readdir(join(out, 'data'), { recursive: true });
    await expect(place()).rejects.toMatchObject({ type: 'PathNotAllowed' });
    expect(await readdir(join(out, 'data'), { recursive: true })).toEqual(before);
  });

  it('that became somebody else’s while it was laid out is refused and left alone', async () => {
    await promote('one');
    const folder = join(out, 'data', 'versions', 'words-v1');
    const progress = ({ note = '' }: StageProgress): void => {
      if (!note.includes('file 2')) return;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'my-own-notes.txt'), 'x');
    };
    await expect(placeChampion({ store, progress }, 'words', out)).rejects.toMatchObject({ type: 'PathNotAllowed' });
    expect(await readdir(folder)).toEqual(['my-own-notes.txt']);
    expect(await readdir(join(out, 'data', 'versions'))).toEqual(['words-v1']);
  });

  it('is laid out with reports that grow with its bytes, and stops when it is asked to', async () => {
    await promote('one '.repeat(2 ** 20));
    const controller = new AbortController();
    const notes: string[] = [];
    const silences: number[] = [];
    const progress = ({ note = '' }: StageProgress): void => {
      notes.push(note);
      if (note.includes('2 of 4 MB')) controller.abort(new Error('the Worker ends'));
    };
    const context = { store, progress, expectSilence: (ms: number) => void silences.push(ms) };
    const stopped = placeChampion({ ...context, signal: controller.signal }, 'words', out);
    await expect(stopped).rejects.toThrow('the Worker ends');
    expect(await readdir(join(out, 'data', 'versions'))).toEqual([]);
    expect(notes).toContain('placing the champion: file 1 of 2, 1 of 4 MB');
    expect(Math.max(...silences)).toBeGreaterThan(200);
    await placeChampion(context, 'words', out);
    expect(await served('onnx/model.onnx')).toMatch(/^graph of one/);
    expect(notes).toContain('placing the champion: file 1 of 2, 4 of 4 MB');
  });

  it('is kept for what stands and for the one before; older ones come back when they are asked for', async () => {
    for (const weights of ['one', 'two', 'three']) {
      await promote(weights);
      await place();
    }
    expect((await readdir(join(out, 'data', 'versions'))).sort()).toEqual(['words-v2', 'words-v3']);
    await rollBackChampion(store, 'words', { to: 1, at, by: 'somebody' });
    await place();
    expect(await served()).toBe('one');
  });

  it('of an older version that somebody put something into is left alone', async () => {
    for (const weights of ['one', 'two', 'three']) {
      await promote(weights);
      const { folder } = (await place())!;
      if (weights === 'one') await writeFile(join(folder, 'my-own-notes.txt'), 'x');
    }
    const versions = join(out, 'data', 'versions');
    expect((await readdir(versions)).sort()).toEqual(['words-v1', 'words-v2', 'words-v3']);
    expect((await readdir(join(versions, 'words-v1'))).sort()).toEqual([
      'model.safetensors',
      'my-own-notes.txt',
      'onnx',
    ]);
  });

  it('whose removal ended halfway is laid out again, not taken for whole', async () => {
    for (const weights of ['one', 'two']) {
      await promote(weights);
      await place();
    }
    await promote('three');
    const first = join(out, 'data', 'versions', 'words-v1');
    removal.diesAt = first;
    await expect(place()).rejects.toThrow('killed');
    expect(await readdir(first)).toEqual([]);
    await rollBackChampion(store, 'words', { to: 1, at, by: 'somebody' });
    await place();
    expect(await served('onnx/model.onnx')).toBe('graph of one');
  });

  it('can be laid out again after garbage was freed a year later, while another old thing is gone', async () => {
    for (const weights of ['one', 'two']) await promote(weights);
    const other = await store.putBytes(Buffer.from('nobody needs this'));
    const then = new Date(Date.now() - 365 * 24 * 3_600_000);
    for (const entry of await readdir(store.location, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), then, then);
    await freeGarbage(store, await findGarbage(store));
    expect(await store.hasBlob(other)).toBe(false);
    const fresh = await openLocalStore({ folder: store.location });
    expect((await placeChampion({ store: fresh }, 'words', out))?.version).toBe(2);
    await rollBackChampion(fresh, 'words', { at, by: 'somebody' });
    await placeChampion({ store: fresh }, 'words', out);
    expect(await served()).toBe('one');
    for (const { version } of await readChampionLog(fresh, 'words')) {
      if (version) expect(await fresh.readRecord('trained-questions', version.trainedOn.key)).toBeDefined();
    }
  });
});
