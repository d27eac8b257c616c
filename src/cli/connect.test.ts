import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { oldServerProgram } from '../../test/support/old-server-program.js';
import type { ConnectionTarget } from '../temporal/connection.js';
import { connectClient } from './connect.js';
import { Output } from './output.js';

it('says how to end a server of this folder that is too old, and nothing of that for another one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'connect-test-'));
  const { path } = await oldServerProgram(folder);
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => probe.once('listening', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  const server = spawn(path, ['--port', String(port)]);
  const address = `127.0.0.1:${port}`;
  const target = { address, namespace: 'default', options: { address } };
  const refusal = (from: ConnectionTarget['from']): Promise<string> =>
    connectClient({ ...target, from }, new Output(true), { stop: 'finetune server stop --db here' }).then(
      () => 'connected',
      (error: Error) => error.message,
    );
  try {
    const needed = 'Temporal server: version 1.29.0 or newer is needed, got 1.25.0.';
    expect(await refusal('local server')).toMatch(
      new RegExp(`^${needed}[^]*\`finetune server stop --db here\` ends it`),
    );
    expect(await refusal('flag')).toMatch(new RegExp(`^${needed} Upgrade the server, or name another one\\.$`));
  } finally {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});
