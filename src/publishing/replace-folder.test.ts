import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stageFolder } from './replace-folder.js';

let root: string;
let target: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'replace-folder-'));
  target = join(root, 'embeddings', 'model');
});
afterEach(() => rm(root, { recursive: true }));

const publish = async (text: string): Promise<void> => {
  const staged = await stageFolder(target);
  await writeFile(join(staged.path, 'file'), text);
  await staged.commit();
  await staged.discard();
};
const content = (): Promise<string> => readFile(join(target, 'file'), 'utf8');
const siblings = (): Promise<string[]> => readdir(join(root, 'embeddings'));

describe('stageFolder', () => {
  it('puts a folder in place, replaces an earlier one whole, and leaves nothing beside it', async () => {
    await publish('first');
    await writeFile(join(target, 'left over'), '');
    await publish('second');
    expect(await content()).toBe('second');
    expect(await readdir(target)).toEqual(['file']);
    expect(await siblings()).toEqual(['model']);
  });

  it('leaves the earlier folder untouched when the new one is given up', async () => {
    await publish('first');
    const staged = await stageFolder(target);
    await writeFile(join(staged.path, 'file'), 'half');
    await staged.discard();
    expect(await content()).toBe('first');
    expect(await siblings()).toEqual(['model']);
  });

  it('puts the earlier folder back after a crash between the two renames', async () => {
    await publish('first');
    await rename(target, join(root, 'embeddings', '.model.previous'));
    const staged = await stageFolder(target);
    expect(await content()).toBe('first');
    await staged.discard();
    expect(await siblings()).toEqual(['model']);
  });

  it('removes what a dead process was filling, and not what a living one fills', async () => {
    const host = hostname().replace(/[^A-Za-z0-9.-]/g, '_');
    const dead = join(root, 'embeddings', `.model.staging-${host}~4194305~0~00000000`);
    await mkdir(dead, { recursive: true });
    const [first, second] = [await stageFolder(target), await stageFolder(target)];
    expect((await siblings()).sort()).toEqual([first.path, second.path].map((path) => path.split('/').pop()).sort());
    await first.commit();
    await second.commit();
    expect(await siblings()).toEqual(['model']);
  });
});
