import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../artifacts/hash.js';
import type { ChainResult, SweepResult } from '../spec/comparison.js';
import { areAllPublished, isPublished } from './published.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'published-test-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function publish(name: string, weights: string): Promise<{ path: string; sha256: string }> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'model.safetensors'), weights);
  return { path, sha256: sha256(weights) };
}

describe('what a complete run published', () => {
  it('counts as there while the folder holds its weights, not those of a later run of that name', async () => {
    const model = await publish('tiny', 'A');
    expect(await isPublished(model)).toBe(true);
    await publish('tiny', 'B');
    expect(await isPublished(model)).toBe(false);
    await rm(model.path, { recursive: true });
    expect(await isPublished(model)).toBe(false);
  });

  it('is looked at by every step of a chain and by the best of a sweep, with the comparison', async () => {
    const [one, two] = [await publish('1-one', 'A'), await publish('2-two', 'A')];
    const report = join(folder, 'comparison.html');
    const chain = { report, model: two, steps: [{ model: one }, { model: two }] } as ChainResult;
    const sweep = { report, best: { model: one }, trials: [{}] } as SweepResult;
    expect([await areAllPublished(chain), await areAllPublished(sweep)]).toEqual([false, false]);
    await writeFile(report, '');
    expect([await areAllPublished(chain), await areAllPublished(sweep)]).toEqual([true, true]);
    await publish('1-one', 'B');
    expect([await areAllPublished(chain), await areAllPublished(sweep)]).toEqual([false, false]);
  });
});
