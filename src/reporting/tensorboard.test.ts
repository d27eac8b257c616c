import { mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeEvents, writeEventFile, type TensorBoardEvent } from './tensorboard.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'events-'))));
afterEach(() => {
  vi.restoreAllMocks();
  return rm(folder, { recursive: true, force: true });
});

// Event(wall_time=1700000000.5, file_version='brain.Event:2') as tensorboard 2.21's RecordWriter frames it.
const VERSION_RECORD = '1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110';

const events: TensorBoardEvent[] = [
  { tag: 'loss/step', step: 1, wallTime: 1700000000.5, value: 0.25 },
  {
    tag: 'gradients/all',
    step: 1,
    wallTime: 1700000001,
    histogram: { min: -1, max: 2, count: 3, sum: 1.5, sumOfSquares: 5.25, limits: [-0.5, 1, 2], counts: [1, 1, 1] },
  },
];

/** Length of each record's data, by walking the framing. */
function lengths(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at += found.at(-1)! + 16) found.push(bytes.readUInt32LE(at));
  return found;
}

describe('writeEventFile', () => {
  it('begins with the version record, byte for byte as TensorFlow frames it', async () => {
    await writeEventFile(join(folder, 'events'), events);
    const bytes = await readFile(join(folder, 'events'));

    expect(bytes.subarray(0, 40).toString('hex')).toBe(VERSION_RECORD);
    expect(lengths(bytes)).toHaveLength(3);
  });

  it('gives the same bytes for the same events', () => {
    expect(Buffer.concat([...encodeEvents(events)])).toEqual(Buffer.concat([...encodeEvents(events)]));
  });

  it('writes a file that is valid though empty when there is nothing to tell', async () => {
    await writeEventFile(join(folder, 'events'), []);
    expect(lengths(await readFile(join(folder, 'events')))).toHaveLength(1);
  });

  it('flushes the file after its last byte, so that it outlives a power cut', async () => {
    const any = await open(join(folder, 'any'), 'w');
    await any.close();
    const handles = Object.getPrototypeOf(any) as FileHandle;
    const append = vi.spyOn(handles, 'appendFile');
    const flushedAfter: number[] = [];
    vi.spyOn(handles, 'sync').mockImplementation(() => {
      flushedAfter.push(append.mock.calls.length);
      return Promise.resolve();
    });
    await writeEventFile(join(folder, 'events'), events);
    expect(flushedAfter).toEqual([append.mock.calls.length]);
  });

  it('keeps the order and all of many events', async () => {
    const many = Array.from({ length: 40_000 }, (_, step) => ({ tag: 'a', step, wallTime: step, value: step }));
    await writeEventFile(join(folder, 'events'), many);
    expect(lengths(await readFile(join(folder, 'events')))).toHaveLength(40_001);
  });
});
