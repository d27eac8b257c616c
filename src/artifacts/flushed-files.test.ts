import { createHash } from 'node:crypto';
import { mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeHashed } from './flushed-files.js';

const MIB = 1 << 20;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flushed-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

/** Bytes that no part of repeats at another place. */
function bytesOf(length: number): Uint8Array {
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, (_, at) => Math.imul(at, 0x9e3779b1));
  return new Uint8Array(words.buffer, 0, length);
}

/** What every open file has in common. */
async function fileHandles(): Promise<FileHandle> {
  const file = await open(join(folder, 'any'), 'w');
  await file.close();
  return Object.getPrototypeOf(file) as FileHandle;
}

describe('writeHashed', () => {
  it.each([
    ['nothing', []],
    ['small chunks', [3, 1, 0, 7]],
    ['chunks of many parts', [8 * MIB, 20 * MIB + 5, 1, 17 * MIB]],
  ])('writes %s in order, with their hash and size', async (_, lengths) => {
    const chunks = lengths.map(bytesOf);
    const whole = Buffer.concat(chunks);
    const path = join(folder, 'file');
    expect(await writeHashed(path, chunks)).toEqual({
      sha256: createHash('sha256').update(whole).digest('hex'),
      bytes: whole.length,
    });
    expect(whole.equals(await readFile(path))).toBe(true);
  });

  it('flushes all of a file after its last byte', async () => {
    const handles = await fileHandles();
    const order: string[] = [];
    const write = vi.spyOn(handles, 'write');
    const sync = vi.spyOn(handles, 'sync').mockImplementation(() => {
      order.push(`flush after ${write.mock.calls.length} writes`);
      return Promise.resolve();
    });
    await writeHashed(join(folder, 'file'), [bytesOf(5), bytesOf(33 * MIB), bytesOf(2)]);
    expect(sync).toHaveBeenCalledOnce();
    expect(order).toEqual([`flush after ${write.mock.calls.length} writes`]);
  });

  it('fails when a flush on the way failed, though the last one does not', async () => {
    const lost = new Error('EIO: i/o error, fdatasync');
    vi.spyOn(await fileHandles(), 'datasync')
      .mockRejectedValueOnce(lost)
      .mockResolvedValue();
    await expect(writeHashed(join(folder, 'file'), [bytesOf(40 * MIB)])).rejects.toBe(lost);
  });
});
