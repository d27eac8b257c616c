import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
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

  it.skipIf(process.platform !== 'linux')(
    'are told by the ticks of their start, whatever the clock did since',
    async () => {
      const other = spawn(process.execPath, ['-e', 'console.log(); setInterval(() => {}, 1000)']);
      await once(other.stdout, 'data');
      const stat = await readFile(`/proc/${other.pid}/stat`, 'utf8');
      const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
      // An hour off: the clock was set back since the name was made.
      const start = Date.now() + 3_600_000;
      await make(`${hostname()}~${other.pid}~${start}~${ticks}~0-x-blob`);
      await make(`${hostname()}~${other.pid}~${Date.now()}~${ticks - 1}~1-x-blob`);
      expect(await removeDeadTemporaries(folder)).toEqual([expect.stringMatching(/~1-x-blob$/)]);
      const [host, pid, , own, rest] = temporaryName('2-x-blob').split('~');
      const [kept, gone] = [own, Number(own) - 1].map((each) => [host, pid, start, each, rest].join('~'));
      for (const name of [kept!, gone!]) await make(name);
      expect(await removeDeadTemporaries(folder)).toEqual([gone]);
      other.kill('SIGKILL');
      await once(other, 'exit');
      expect(await removeDeadTemporaries(folder)).toHaveLength(1);
      expect(await left()).toEqual([kept]);
    },
  );

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
