import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { remember } from '../artifacts/artifact.js';
import type { ArtifactRef } from '../spec/stages.js';
import { writeDatasetFolder } from './dataset-folder.js';

const LARGE = Buffer.alloc(3.5 * 2 ** 20, 'large ');
let context: TestContext;
let snapshot: ArtifactRef;
let retrieval: ArtifactRef;

beforeEach(async () => {
  context = await makeTestContext();
  snapshot = await artifact('dataset-snapshot', { 'rows.csv': LARGE, 'more/notes.txt': Buffer.from('notes') });
  retrieval = await artifact('retrieval', { 'test.json': Buffer.from('{}'), 'interim/test.json': Buffer.from('[]') });
});
afterEach(() => context.remove());

async function artifact(kind: string, contents: Record<string, Buffer>): Promise<ArtifactRef> {
  const { store } = context;
  const blobs = Object.fromEntries(
    await Promise.all(
      Object.entries(contents).map(async ([name, bytes]) => [name, await store.putBytes(bytes)] as const),
    ),
  );
  const { key } = await remember({
    store,
    kind,
    version: 1,
    inputs: {},
    make: () => Promise.resolve({ blobs, facts: {} }),
  });
  return { kind, key };
}

describe('writeDatasetFolder', () => {
  it('copies the files of every stage and reports before each and within large ones', async () => {
    const notes: string[] = [];
    const silences: number[] = [];
    await writeDatasetFolder(
      { ...context, onProgress: (note) => notes.push(note), expectSilence: (ms) => silences.push(ms) },
      { snapshot, retrieval },
      context.folder,
    );
    expect((await readFile(join(context.folder, 'raw/rows.csv'))).equals(LARGE)).toBe(true);
    expect(await readFile(join(context.folder, 'raw/more/notes.txt'), 'utf8')).toBe('notes');
    expect(await readFile(join(context.folder, 'retrieval/test.json'), 'utf8')).toBe('{}');
    expect(await readFile(join(context.folder, 'interim/test.json'), 'utf8')).toBe('[]');
    const large = notes.filter((note) => note.endsWith(' of 4 MB'));
    expect(large.map((note) => note.replace(/^file \d of 4, /, ''))).toEqual(
      [0, 1, 2, 3, 4].map((done) => `${done} of 4 MB`),
    );
    for (const file of [1, 2, 3, 4]) expect(notes.some((note) => note.startsWith(`file ${file} of 4,`))).toBe(true);
    expect(Math.max(...silences)).toBeCloseTo(LARGE.length / 2e4, 6);
    expect(silences.at(-1)).toBe(0);
  });

  it('stops within a file when it is asked to', async () => {
    let reports = 0;
    const onProgress = (): void => {
      if (++reports === 3) throw new Error('stopped');
    };
    await expect(
      writeDatasetFolder({ ...context, onProgress }, { retrieval, snapshot }, context.folder),
    ).rejects.toThrow('stopped');
    expect(reports).toBe(3);
  });
});
