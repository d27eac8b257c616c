// `finetune rollback` as a process: it moves the path that services load, also where the output folder was moved.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addToChampionLog, readChampionLog } from '../src/artifacts/champion-log.js';
import { sha256 } from '../src/artifacts/hash.js';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { ArtifactStore } from '../src/artifacts/store.js';
import { placeChampion, takeVersion } from '../src/publishing/champion-folder.js';

const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
let folder: string;
let store: ArtifactStore;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'rollback-')));
  store = await openLocalStore({ folder: join(folder, 'store'), create: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Promotes a model with these weights, and puts it in place. */
async function promote(weights: string, directory: string): Promise<void> {
  const candidate = join(folder, 'candidate');
  await mkdir(candidate, { recursive: true });
  await writeFile(join(candidate, 'model.safetensors'), weights);
  const signal = new AbortController().signal;
  const files = await takeVersion(candidate, { store, signal, progress: () => undefined });
  await addToChampionLog(store, 'words', await readChampionLog(store, 'words'), {
    ...{ event: 'promoted', at: '2026-11-24T03:00:00.000Z', by: 'w', why: '' },
    version: { sha256: sha256(weights), files, trainedOn: { kind: 'none', key: weights }, directory },
  });
  await placeChampion({ store }, 'words', directory);
}

const served = (directory: string): Promise<string> =>
  readFile(join(directory, 'data', 'champions', 'words', 'model.safetensors'), 'utf8');

async function rollBack(...more: string[]): Promise<Record<string, unknown>> {
  const args = [main, 'rollback', 'words', '--store', store.location, '--json', ...more];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
}

it('refuses to move a path that nobody loads any more, and moves the one that is named', async () => {
  const [before, now] = [join(folder, 'out'), join(folder, 'elsewhere')];
  await promote('one', before);
  await promote('two', before);
  await rename(before, now);
  expect(await rollBack()).toMatchObject({
    status: 'INVALID',
    error: { message: expect.stringMatching(/nothing at .*out\/data\/champions\/words.*--directory FOLDER/) },
  });
  expect(await readChampionLog(store, 'words')).toHaveLength(2);
  expect(await rollBack('--directory', 'elsewhere')).toMatchObject({
    ...{ from: 2, champion: 1, path: join(now, 'data/champions/words') },
  });
  expect(await served(now)).toBe('one');
});

it('moves the path of the newest promotion, also back to a version that was promoted under another folder', async () => {
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  await promote('one', first);
  await promote('two', second);
  expect(await rollBack()).toMatchObject({ champion: 1, path: join(second, 'data/champions/words') });
  expect(await rollBack('--to', '2')).toMatchObject({ champion: 2, path: join(second, 'data/champions/words') });
  expect(await served(second)).toBe('two');
});
