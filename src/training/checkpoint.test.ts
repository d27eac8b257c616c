import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../test/support/read-checkpoint.js';
import { MACHINE } from '../../test/support/training-fixture.js';
import { openLocalStore } from '../artifacts/local-store.js';
import type { ArtifactStore } from '../artifacts/store.js';
import { newestCheckpoint, saveCheckpoint, type SaveOptions } from './checkpoint.js';

let folder: string;
let store: ArtifactStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  store = await openLocalStore({ folder, create: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function options(step: number, { lineage = 'l', value = step, seconds = 1 } = {}): SaveOptions {
  return {
    state: { version: 1, lineage, step, epoch: 1, stepInEpoch: step, totalSteps: 2000, history: {} },
    parameters: [{ name: 'w', shape: [2], data: Float32Array.of(value, 1), decay: true }],
    moments: { m: new Map([['w', Float32Array.of(2, value)]]), v: new Map([['w', Float32Array.of(3, value)]]) },
    about: { machine: MACHINE, bitIdentical: true, epochSeconds: seconds },
  };
}

describe('checkpoints', () => {
  it('come back as they were saved', async () => {
    await saveCheckpoint(store, options(7));
    const { weights, moments, state } = await readCheckpoint(store, { lineage: 'l', step: 7 });
    expect(weights).toEqual(new Map([['w', Float32Array.of(7, 1)]]));
    expect(moments).toEqual(options(7).moments);
    expect(state).toEqual(options(7).state);
  });

  it('are the newest by number, not by name, and only of their own lineage', async () => {
    for (const step of [900, 1000, 30]) await saveCheckpoint(store, options(step));
    await saveCheckpoint(store, options(5000, { lineage: 'l2' }));
    expect((await newestCheckpoint(store, 'l'))?.step).toBe(1000);
    expect((await newestCheckpoint(store, 'l', { atMost: 999 }))?.step).toBe(900);
    expect(await newestCheckpoint(store, 'l', { atMost: 29 })).toBeUndefined();
    expect(await newestCheckpoint(store, 'none')).toBeUndefined();
  });

  it('are never overwritten: the same content is ours, other content is the other writer’s', async () => {
    await saveCheckpoint(store, options(1, { seconds: 1 }));
    const same = await saveCheckpoint(store, options(1, { seconds: 99 }));
    expect(same).toMatchObject({ isOurs: true, manifest: { about: { epochSeconds: 1 } } });
    const other = await saveCheckpoint(store, options(1, { value: 5 }));
    expect(other.isOurs).toBe(false);
    expect((await readCheckpoint(store, { lineage: 'l', step: 1 })).weights.get('w')).toEqual(Float32Array.of(1, 1));
  });

  it('give their name to the next writer when the one that stands is damaged', async () => {
    const { manifest } = await saveCheckpoint(store, options(1));
    await writeFile(await store.blobPath(manifest.content.v), 'rubbish');
    expect((await saveCheckpoint(store, options(1, { value: 5 }))).isOurs).toBe(true);
    expect((await readCheckpoint(store, { lineage: 'l', step: 1 })).weights.get('w')).toEqual(Float32Array.of(5, 1));
  });
});
