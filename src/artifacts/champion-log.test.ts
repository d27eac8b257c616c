import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addToChampionLog,
  championArtifacts,
  findTried,
  listChampions,
  readChampionLog,
  rollBackChampion,
  standingChampion,
  versionBefore,
  type ChampionEntry,
} from './champion-log.js';
import { openLocalStore } from './local-store.js';
import type { ArtifactStore } from './store.js';

let folder: string;
let store: ArtifactStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'champion-log-'));
  store = await openLocalStore({ folder, create: true });
});
afterEach(() => rm(folder, { recursive: true }));

const at = '2026-11-24T03:00:00.000Z';
/** A candidate of some data, promoted or not. */
async function judged(data: string, start: string, promoted: boolean): Promise<ChampionEntry> {
  const log = await readChampionLog(store, 'words');
  const sha256 = `model of ${data} from ${start}`;
  const artifact = (kind: string) => ({ kind, key: data });
  const entry = await addToChampionLog(store, 'words', log, {
    ...{ event: promoted ? 'promoted' : 'rejected', at, by: 'workflow w', why: 'because' },
    ...(!promoted && { champion: log.at(-1)?.champion ?? 0 }),
    candidate: {
      ...{ sha256, start, base: 'base', trainedBy: 'w' },
      inputs: { revision: data, content: data },
      metrics: { before: {}, after: {} },
    },
    ...(promoted && {
      version: {
        sha256,
        files: artifact('champion-version'),
        trainedOn: artifact('trained-questions'),
        directory: '/o',
      },
    }),
  });
  return entry!;
}
const standing = async () => standingChampion(await readChampionLog(store, 'words'))?.number;
const back = (to?: number) => rollBackChampion(store, 'words', { to, at, by: 'somebody' });

describe('the history of a champion', () => {
  it('says that the last promotion stands, whatever was not promoted since', async () => {
    expect(await standing()).toBeUndefined();
    await judged('january', 'base', false);
    expect(await standing()).toBeUndefined();
    await judged('february', 'base', true);
    await judged('march', 'model of february from base', false);
    expect(await standing()).toBe(2);
    expect((await readChampionLog(store, 'words')).map(({ number, champion }) => [number, champion])).toEqual([
      [1, 0],
      [2, 2],
      [3, 2],
    ]);
    expect(await listChampions(store)).toEqual(['words']);
  });

  it('lets one of two that write at the same time find that the other was faster', async () => {
    const entry = { event: 'rejected', champion: 0, at, by: 'w', why: '' } as const;
    const both = await Promise.all([1, 2].map(() => addToChampionLog(store, 'words', [], entry)));
    expect(both.filter((written) => written === undefined)).toHaveLength(1);
  });

  it('goes back to what stood before, further with each time, and no further than the first', async () => {
    await judged('january', 'base', true);
    await judged('february', 'model of january from base', false);
    await judged('march', 'model of january from base', true);
    await judged('april', 'model of march', true);
    expect(versionBefore(await readChampionLog(store, 'words'), 3)?.number).toBe(1);
    expect((await back()).to.number).toBe(3);
    expect((await back()).to.number).toBe(1);
    expect(await standing()).toBe(1);
    await expect(back()).rejects.toThrow(/version 1 of "words" is the first.*versions: 1, 3, 4/);
    expect((await back(4)).from.number).toBe(1);
    expect(await standing()).toBe(4);
    await expect(back(2)).rejects.toThrow(/got 2; versions: 1, 3, 4/);
  });

  it('of an unknown name is refused with the names that are known', async () => {
    await judged('january', 'base', true);
    await expect(rollBackChampion(store, 'wrods', { at, by: '' })).rejects.toMatchObject({
      type: 'InvalidSpec',
      message: expect.stringContaining('champions there: words') as string,
    });
  });

  it('names what every promoted version needs, also of one that was rolled back', async () => {
    await judged('january', 'base', true);
    await judged('february', 'model of january from base', true);
    await judged('march', 'model of february', false);
    await back();
    expect((await championArtifacts(store)).map(({ kind, key }) => `${kind}/${key}`)).toEqual([
      'champion-version/january',
      'trained-questions/january',
      'champion-version/february',
      'trained-questions/february',
    ]);
  });
});

describe('what was tried', () => {
  const tried = async (data: string, start: string) =>
    findTried(await readChampionLog(store, 'words'), start, ({ revision }) => revision === data)?.number;

  it('is what the standing champion was made from', async () => {
    await judged('january', 'base', true);
    expect(await tried('january', 'model of january from base')).toBe(1);
    expect(await tried('february', 'model of january from base')).toBeUndefined();
  });

  it('is a candidate that lost from the same model, and not one that lost from another', async () => {
    await judged('january', 'base', true);
    await judged('february', 'model of january from base', false);
    expect(await tried('february', 'model of january from base')).toBe(2);
    expect(await tried('february', 'another model')).toBeUndefined();
  });

  it('is a version that was rolled back, so that it does not come back by itself', async () => {
    await judged('january', 'base', true);
    await judged('february', 'model of january from base', true);
    await back();
    expect(await tried('february', 'model of january from base')).toBe(2);
    expect(await tried('march', 'model of january from base')).toBeUndefined();
  });
});
