// `finetune gc` as a process: it says first, frees with --yes only, and leaves what was touched within a day.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
import { sha256OfJson } from '../src/artifacts/hash.js';

const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gc-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('gc says what it would free, and frees it with --yes', async () => {
  const store = await openLocalStore({ folder: join(folder, 'store'), create: true });
  const old = await store.putBytes(Buffer.alloc(3_000_000));
  await store.createRecord('tokens', sha256OfJson('old'), { blobs: { a: old }, facts: {} });
  const then = new Date(Date.now() - 2 * 24 * 3_600_000);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), then, then);
  const fresh = await store.putBytes(Buffer.from('fresh'));
  const gc = async (...more: string[]) => {
    const args = [main, 'gc', '--store', store.location, '--json', ...more];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
  };
  expect(await gc()).toMatchObject({ freed: false, items: 2 });
  expect(await store.hasBlob(old)).toBe(true);
  expect(await gc('--yes')).toMatchObject({ freed: true, items: 2 });
  expect([await store.hasBlob(old), await store.hasBlob(fresh)]).toEqual([false, true]);
  expect(await gc('--yes')).toMatchObject({ freed: false, items: 0, bytes: 0 });
});
