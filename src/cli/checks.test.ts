import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkHelper, checkMemory, checkNode, checkPlatform, checkServerProgram, checkStore } from './checks.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checks-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the checks of doctor', () => {
  it('refuse an old Node and name the one needed', () => {
    expect(checkNode('20.18.0')).toMatchObject({ status: 'missing', remedy: expect.stringMatching(/20\.19/) });
    expect(checkNode('20.19.0').status).toBe('ok');
    expect(checkNode('22.1.0').status).toBe('ok');
  });

  it('know the supported platforms, and say where Windows and musl stand', () => {
    expect(checkPlatform('linux', 'x64', '2.36').status).toBe('ok');
    expect(checkPlatform('linux', 'arm64', '2.36').status).toBe('ok');
    expect(checkPlatform('darwin', 'arm64', '').status).toBe('ok');
    expect(checkPlatform('darwin', 'x64', '').status).toBe('missing');
    expect(checkPlatform('linux', 'x64', '')).toMatchObject({
      status: 'missing',
      remedy: expect.stringMatching(/musl/),
    });
    expect(checkPlatform('win32', 'x64', '')).toMatchObject({
      status: 'missing',
      remedy: expect.stringMatching(/WSL 2/),
    });
  });

  it('tell every way to a server program that failed', async () => {
    const check = await checkServerProgram({
      steps: [
        { name: 'luck', find: () => Promise.reject(new Error('had none')) },
        { name: 'force', find: () => Promise.reject(new Error('too weak')) },
      ],
    });
    expect(check).toMatchObject({ status: 'missing', remedy: expect.stringMatching(/temporal/) });
    expect(check.detail).toContain('not by luck: had none\nnot by force: too weak');
  });

  it('leave no folder behind where the store is to be made', async () => {
    const store = join(folder, 'a', 'b');
    expect(await checkStore(store)).toMatchObject({ status: 'ok' });
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });

  it('tell a store that cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(await checkStore(join(folder, 'file', 'store'))).toMatchObject({
      status: 'missing',
      remedy: expect.stringMatching(/--store/),
    });
  });

  it('only note what is merely a way to get a server', async () => {
    expect(await checkHelper('Go', ['no-such-program-anywhere'])).toMatchObject({ status: 'note' });
  });

  it('note scarce memory', () => {
    expect(checkMemory(1e9)).toMatchObject({ status: 'note', detail: '1000 MB' });
    expect(checkMemory(8e9).status).toBe('ok');
  });
});
