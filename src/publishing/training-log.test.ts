import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EpochHistory } from '../training/loss-history.js';
import { EVENT_FILE } from '../spec/published-files.js';
import { writeTrainingLog } from './training-log.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'training-log-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const epochOf = (epoch: number, first: number): EpochHistory => ({
  epoch,
  steps: [first, first + 1].map((step) => ({ step, loss: 1, learningRate: 1e-3, gradientNorm: 2 })),
  gradientHistograms: {
    embeddings: { min: -1, max: 2, count: 3, sum: 1.5, sumOfSquares: 5.25, limits: [-0.5, 2], counts: [1, 2] },
  },
});
const HISTORY = [epochOf(1, 0), epochOf(2, 2)];
const TIME = { seconds: 8, endedMs: Date.UTC(2026, 0, 2) };

async function write(): Promise<Buffer> {
  await writeTrainingLog(folder, HISTORY, TIME);
  const path = join(folder, EVENT_FILE);
  const bytes = await readFile(path);
  await rm(path);
  expect(bytes.length).toBeGreaterThan(0);
  return bytes;
}

/** The wall time of each event: the field that every Event begins with. */
function wallTimes(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at) + 16) found.push(bytes.readDoubleLE(at + 13));
  return found;
}

describe('the training log', () => {
  it('dates every step to when the training took place, the last one to its end', async () => {
    const times = wallTimes(await write());
    const end = Date.UTC(2026, 0, 2) / 1000;
    // The version, then by epoch: three figures for each of two steps, the mean loss, one histogram.
    expect(times.map((time) => time - end)).toEqual([-6, -6, -6, -6, -4, -4, -4, -4, -4, -2, -2, -2, 0, 0, 0, 0, 0]);
  });

  it('is the same file for the same training', async () => {
    expect(await write()).toEqual(await write());
  });
});
