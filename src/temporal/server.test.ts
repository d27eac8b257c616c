import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oldServerProgram } from '../../test/support/old-server-program.js';
import { findTarget } from './connection.js';
import { identifyProcess, isRunning } from './process-identity.js';
import { startServer, stopServer } from './server.js';
import { findServerProgram } from './server-program.js';
import { findRunningServer, readServerState, writeServerState } from './server-state.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'server-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the state file', () => {
  const stateOf = (dbPath: string, pid: number, startTime: string) => ({
    pid,
    startTime,
    address: '127.0.0.1:1',
    uiUrl: 'http://127.0.0.1:2',
    dbPath,
    program: 'temporal',
  });

  it('of a dead process counts for nothing, and stopping then ends nobody', async () => {
    const child = spawn('sleep', ['30']);
    const identity = await identifyProcess(child.pid ?? 0);
    child.kill('SIGKILL');
    await new Promise((done) => child.once('exit', done));
    const dbPath = join(folder, 'temporal.db');
    await writeServerState(stateOf(dbPath, identity?.pid ?? 0, identity?.startTime ?? ''));
    expect(await findRunningServer(dbPath)).toBeUndefined();
    expect(await stopServer(dbPath)).toBeUndefined();
  });

  it('never leads to another process that got the same pid', async () => {
    const child = spawn('sleep', ['30']);
    const dbPath = join(folder, 'temporal.db');
    await writeServerState(stateOf(dbPath, child.pid ?? 0, 'another time'));
    expect(await stopServer(dbPath)).toBeUndefined();
    expect(child.exitCode).toBeNull();
    expect(await identifyProcess(child.pid ?? 0)).toBeDefined();
    child.kill('SIGKILL');
    await new Promise((done) => child.once('exit', done));
  });

  it('that is garbage counts for nothing', async () => {
    await writeFile(join(folder, 'server.json'), '{"pid": "x"');
    expect(await readServerState(join(folder, 'temporal.db'))).toBeUndefined();
  });
});

describe('a server that is too old', () => {
  it('is refused when it was started, and not left running for the next start to join', async () => {
    const dbPath = join(folder, 'old', 'temporal.db');
    const program = await oldServerProgram(folder);
    await expect(startServer({ dbPath, program })).rejects.toThrow(/version 1\.29\.0 or newer is needed, got 1\.25\.0/);
    const state = await readServerState(dbPath);
    expect(state && (await isRunning(state))).toBe(false);
  });
});

const found = await findServerProgram();
describe.skipIf(!found.program)('startServer (needs a Temporal server program: see `finetune doctor`)', () => {
  const program = found.program;
  const options = (dbPath: string) => ({ dbPath, ...(program && { program }) });

  it('starts, is joined by a second start, keeps its history over kill -9, and is ended by stop', async () => {
    const dbPath = join(folder, 'kept', 'temporal.db');
    const first = await startServer(options(dbPath));
    try {
      expect(first).toMatchObject({ started: true });
      expect(first.address).toMatch(/^127\.0\.0\.1:\d+$/);
      expect((await fetch(first.uiUrl)).status).toBe(200);
      expect(await startServer(options(dbPath))).toEqual({ ...first, started: false });
      expect(await findTarget({}, { env: {}, dbPath })).toMatchObject({ address: first.address, from: 'local server' });

      await startWorkflow(first.address, 'kept-over-a-kill');
      process.kill(first.pid, 'SIGKILL');
      while (await isRunning(first)) await new Promise((wake) => setTimeout(wake, 20));
      expect(await findRunningServer(dbPath)).toBeUndefined();

      const second = await startServer(options(dbPath));
      expect(second).toMatchObject({ started: true, address: first.address, uiUrl: first.uiUrl });
      expect(second.pid).not.toBe(first.pid);
      expect(await statusOf(second.address, 'kept-over-a-kill')).toBe('RUNNING');
    } finally {
      const running = await findRunningServer(dbPath);
      expect(await stopServer(dbPath)).toEqual(running);
      expect(running && (await isRunning(running))).toBe(false);
    }
  });

  it('takes free ports when those it used last are taken, and refuses a named one that is taken', async () => {
    const dbPath = join(folder, 'ports', 'temporal.db');
    const first = await startServer(options(dbPath));
    await stopServer(dbPath);
    const port = Number(first.address.split(':')[1]);
    const holder = await listen(port);
    try {
      await expect(startServer({ ...options(dbPath), port })).rejects.toThrow(`--port ${port} is taken`);
      const second = await startServer(options(dbPath));
      expect(second.address).not.toBe(first.address);
      expect(second.uiUrl).toBe(first.uiUrl);
    } finally {
      await stopServer(dbPath);
      await new Promise((done) => holder.close(done));
    }
  });

  it('makes a namespace also when it runs already, in which a run can be started then', async () => {
    const dbPath = join(folder, 'namespaces', 'temporal.db');
    await startServer(options(dbPath));
    try {
      const namespaces = ['of-its-own'];
      const again = await startServer({ ...options(dbPath), namespaces });
      expect(again.started).toBe(false);
      await startServer({ ...options(dbPath), namespaces });
      const connection = await Connection.connect({ address: again.address });
      const client = new Client({ connection, namespace: 'of-its-own' });
      await client.workflow.start('any', { taskQueue: 'q', workflowId: 'there' });
      expect((await client.workflow.getHandle('there').describe()).status.name).toBe('RUNNING');
      await connection.close();
    } finally {
      await stopServer(dbPath);
    }
  });

  it('runs outside the group of the process that started it', async () => {
    const dbPath = join(folder, 'group', 'temporal.db');
    const server = await startServer(options(dbPath));
    try {
      const group = async (pid: number) => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2];
      if (process.platform === 'linux') expect(await group(server.pid)).toBe(String(server.pid));
    } finally {
      await stopServer(dbPath);
    }
  });

  it('gives the last lines of the log when the program ends at once', async () => {
    const dbPath = join(folder, 'bad', 'temporal.db');
    const bad = join(folder, 'bad-program');
    await writeFile(bad, '#!/bin/sh\necho the disk is on fire\nsleep 0.2\nexit 1\n', { mode: 0o755 });
    await expect(startServer({ dbPath, program: { path: bad, step: 'test', version: '' } })).rejects.toThrow(
      /ended before it answered[^]*the disk is on fire/,
    );
    expect(await findRunningServer(dbPath)).toBeUndefined();
  });
});

async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

const startWorkflow = (address: string, workflowId: string) =>
  withClient(address, (client) => client.workflow.start('nobody', { workflowId, taskQueue: 'nobody' }));

const statusOf = (address: string, workflowId: string) =>
  withClient(address, async (client) => (await client.workflow.getHandle(workflowId).describe()).status.name);

function listen(port: number): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(port, '127.0.0.1', () => done(server));
  });
}
