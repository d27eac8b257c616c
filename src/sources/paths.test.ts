import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locateSource } from './locate-source.js';
import { openAllowed, resolveAllowed, resolveAllowedOutput } from './paths.js';

let root: string;
let first: string;
let second: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'paths-')));
  [first, second] = [join(root, 'first'), join(root, 'second')];
  await Promise.all([mkdir(first), mkdir(second), mkdir(join(root, 'secret'))]);
  await writeFile(join(root, 'secret', 'key.json'), 'key');
  await writeFile(join(second, 'b.json'), 'b');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const folders = (): string[] => [first, second];

describe('a path in a spec', () => {
  it('is looked for in each data folder in order', async () => {
    expect(await resolveAllowed('b.json', folders())).toBe(join(second, 'b.json'));
    await writeFile(join(first, 'b.json'), 'first');
    expect(await resolveAllowed('b.json', folders())).toBe(join(first, 'b.json'));
  });

  it('outside the data folders is refused, and the folders are named, whether it exists or not', async () => {
    for (const path of [
      '../secret/key.json',
      join(root, 'secret', 'key.json'),
      '../secret/none',
      '/etc/passwd',
      '/no/such',
    ]) {
      const error = await resolveAllowed(path, folders(), 'dataset.source').catch((thrown: unknown) => thrown);
      expect(error, path).toMatchObject({ type: 'PathNotAllowed' });
      expect(String(error)).toContain(`dataset.source: a path inside the data folders is needed, got "${path}"`);
      expect(String(error)).toContain(`${first}, ${second}`);
    }
  });

  it('that is a link out of the data folders is refused, one that stays inside is followed', async () => {
    await symlink(join(root, 'secret'), join(first, 'out'));
    await expect(resolveAllowed('out/key.json', folders())).rejects.toMatchObject({ type: 'PathNotAllowed' });
    await symlink(join(second, 'b.json'), join(first, 'in.json'));
    expect(await resolveAllowed('in.json', folders())).toBe(join(second, 'b.json'));
  });

  it('is looked for beside a data folder that is not there, which is told', async () => {
    const gone = join(root, 'share-not-mounted');
    const settings = { dataFolders: [first, gone, second] };
    expect(await resolveAllowed('b.json', settings.dataFolders)).toBe(join(second, 'b.json'));
    expect(await locateSource('BAAI/bge-small-en-v1.5', settings, 'model')).toEqual({
      type: 'hub',
      id: 'BAAI/bge-small-en-v1.5',
    });
    await expect(locateSource('./none.json', settings, 'dataset')).rejects.toMatchObject({
      type: 'SourceNotFound',
      message: expect.stringContaining(`in the data folders ${first}, ${gone} (does not exist), ${second}.`) as string,
    });
  });

  it('beside a data folder whose name it begins with is outside', async () => {
    await mkdir(join(root, 'first-other'));
    await expect(resolveAllowed('../first-other', [first])).rejects.toMatchObject({ type: 'PathNotAllowed' });
  });

  it('that is missing is told with the folders that were looked in', async () => {
    await expect(resolveAllowed('none.json', folders())).rejects.toThrow(
      /no file or folder "none.json".*first.*second/,
    );
  });

  it("may go through the Hub cache's own links, but through no others like them", async () => {
    const repository = join(root, 'hub', 'models--a--b');
    const snapshot = join(repository, 'snapshots', 'a'.repeat(40));
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(repository, 'blobs'));
    await writeFile(join(repository, 'blobs', 'c'.repeat(64)), '{}');
    await symlink(`../../blobs/${'c'.repeat(64)}`, join(snapshot, 'config.json'));
    await symlink('../../../../secret/key.json', join(snapshot, 'tokenizer.json'));
    await writeFile(join(root, 'secret', 'd'.repeat(64)), 'key');
    await symlink(`../../../../secret/${'d'.repeat(64)}`, join(snapshot, 'vocab.txt'));
    const handle = await openAllowed(join(snapshot, 'config.json'), [snapshot]);
    expect(await handle.readFile('utf8')).toBe('{}');
    await handle.close();
    for (const name of ['tokenizer.json', 'vocab.txt']) {
      await expect(openAllowed(join(snapshot, name), [snapshot])).rejects.toMatchObject({ type: 'PathNotAllowed' });
    }
  });

  it('is checked again at opening: a folder swapped for a link in between is refused', async () => {
    await mkdir(join(first, 'data'));
    await writeFile(join(first, 'data', 'key.json'), 'harmless');
    const path = await resolveAllowed('data/key.json', folders());
    await rename(join(first, 'data'), join(first, 'was'));
    await symlink(join(root, 'secret'), join(first, 'data'));
    await expect(openAllowed(path, folders())).rejects.toMatchObject({ type: 'PathNotAllowed' });
  });
});

describe('an output directory', () => {
  it('need not exist, but its nearest existing ancestor lies inside a data folder', async () => {
    expect(await resolveAllowedOutput('physics/new', folders())).toBe(join(first, 'physics', 'new'));
    expect(await resolveAllowedOutput(join(second, 'x'), folders())).toBe(join(second, 'x'));
    await symlink(join(root, 'secret'), join(first, 'out'));
    for (const path of ['out/new', '../elsewhere', '/tmp/elsewhere']) {
      await expect(resolveAllowedOutput(path, folders())).rejects.toThrow(/output\.directory: a path inside/);
    }
  });
});

describe('a source', () => {
  const locate = (source: string): Promise<unknown> => locateSource(source, { dataFolders: folders() }, 'dataset');

  it('that exists in the data folders is local, else it is a Hub id', async () => {
    expect(await locate('b.json')).toEqual({ type: 'local', path: join(second, 'b.json') });
    expect(await locate('camel-ai/physics')).toEqual({ type: 'hub', id: 'camel-ai/physics' });
    await mkdir(join(first, 'camel-ai', 'physics'), { recursive: true });
    expect(await locate('camel-ai/physics')).toEqual({ type: 'local', path: join(first, 'camel-ai', 'physics') });
  });

  it('that begins with ./, ../ or / is always local', async () => {
    expect(await locate('.')).toEqual({ type: 'local', path: first });
    for (const source of ['./camel-ai/physics', `${first}/none`]) {
      await expect(locate(source)).rejects.toThrow(/no file or folder/);
    }
    await expect(locate('../secret')).rejects.toMatchObject({ type: 'PathNotAllowed' });
  });

  it('that is neither is told with both choices', async () => {
    for (const source of ['my-pairs.jsonl', 'a b', 'a/b/c', 'a/..b/c']) {
      await expect(locate(source)).rejects.toThrow(/a Hub id "owner\/name"|inside the data folders/);
    }
  });
});
