import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeDeadTemporaries, temporaryName } from './temporary-files.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporary-'));
  await mkdir(join(folder, 'tmp'));
});
afterEach(() => rm(folder, { recursive: true }));

const make = (name: string) => writeFile(join(folder, 'tmp', name), 'half');
const left = () => readdir(join(folder, 'tmp'));

describe('temporary files of dead processes', () => {
  it('are removed, folders too', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await make(`${hostname()}~${pid}~1~0-x-blob`);
    await mkdir(join(folder, 'tmp', `${hostname()}~${pid}~1~1-x-base-model`, 'inside'), { recursive: true });
    expect(await removeDeadTemporaries(folder)).toHaveLength(2);
    expect(await left()).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('are known though another process has their pid now', async () => {
    await make(`${hostname()}~${process.ppid}~1~0-x-blob`);
    await removeDeadTemporaries(folder);
    expect(await left()).toEqual([]);
  });

  it('are none of another process that runs', async () => {
    const script = 'console.log(Math.round(Date.now() - process.uptime() * 1000)); setInterval(() => {}, 1000)';
    const other = spawn(process.execPath, ['-e', script]);
    const [printed] = (await once(other.stdout, 'data')) as [Buffer];
    await make(`${hostname()}~${other.pid}~${printed.toString().trim()}~0-x-blob`);
    expect(await removeDeadTemporaries(folder)).toEqual([]);
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(await removeDeadTemporaries(folder)).toHaveLength(1);
  });

  it('are none of this process, of other hosts, and of unknown names', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const names = [temporaryName('0-x-blob'), `another-host~${pid}~1~0-x-blob`, 'something'];
    for (const name of names) await make(name);
    expect(await removeDeadTemporaries(folder)).toEqual([]);
    expect(await left()).toHaveLength(3);
  });

  it('are none where there is no store yet', async () => {
    expect(await removeDeadTemporaries(join(folder, 'absent'))).toEqual([]);
  });
});
