// A store on a file system that has no hard links (exFAT, some network shares): what `link` says there, said in its place.
import type * as Fs from 'node:fs/promises';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
import { checkStore } from '../src/cli/checks.js';

const refused = vi.hoisted(() => ({ code: '' }));
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof Fs>();
  const link: typeof fs.link = (from, to) =>
    refused.code === ''
      ? fs.link(from, to)
      : Promise.reject(Object.assign(new Error(`${refused.code}: link`), { code: refused.code, syscall: 'link' }));
  return { ...fs, link };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'identity-'));
});
afterEach(async () => {
  refused.code = '';
  await rm(folder, { recursive: true, force: true });
});

describe('a folder without hard links', () => {
  it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
    'becomes no store, which no retry mends (%s), and nothing is left in it',
    async (code) => {
      refused.code = code;
      await expect(openLocalStore({ folder, create: true })).rejects.toMatchObject({
        type: 'PathNotAllowed',
        message: expect.stringMatching(new RegExp(`${folder}.*hard links.*${code}.*--store`)) as string,
      });
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('is told by doctor', async () => {
    expect(await checkStore(folder)).toMatchObject({ status: 'ok' });
    refused.code = 'EPERM';
    expect(await checkStore(join(folder, 'store'))).toMatchObject({
      status: 'missing',
      detail: expect.stringContaining('hard links') as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('is another thing than one that is away, which is waited for', async () => {
    refused.code = 'EIO';
    await expect(openLocalStore({ folder, create: true })).rejects.toMatchObject({ type: 'StoreUnavailable' });
  });
});
