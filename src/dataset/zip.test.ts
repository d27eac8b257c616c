import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeZip } from '../../test/support/make-zip.js';
import { ZipReader } from './zip.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zip-'));
  path = join(folder, 'd.zip');
  const content = 'x'.repeat(600);
  await writeFile(path, makeZip(['b.json', 'a.json'].map((name) => ({ name, content }))));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a zip', () => {
  it('of more entries than the limit is refused before any is read, with both numbers', async () => {
    await expect(ZipReader.open(path, 'd.zip', { maxEntries: 1, maxBytes: 1e6 })).rejects.toMatchObject({
      type: 'InvalidData',
      message: 'dataset: d.zip: a zip has at most 1 entries, got 2',
    });
  });

  it('that unpacks to more than the limit over all its entries is refused', async () => {
    const zip = await ZipReader.open(path, 'd.zip', { maxEntries: 9, maxBytes: 1000 });
    try {
      expect(zip.names).toEqual(['a.json', 'b.json']);
      expect((await zip.read('a.json')).length).toBe(600);
      await expect(zip.read('b.json')).rejects.toMatchObject({
        type: 'InvalidData',
        message: 'dataset: d.zip: a zip unpacks to at most 1000 bytes, got more',
      });
    } finally {
      zip.close();
    }
  });

  it('that is cut short is told as such', async () => {
    const whole = makeZip([{ name: 'a.json', content: 'y'.repeat(600) }]);
    await writeFile(path, whole.subarray(0, whole.length - 40));
    await expect(ZipReader.open(path, 'd.zip')).rejects.toThrow(/^dataset: d\.zip: a sound zip is needed/);
  });
});
