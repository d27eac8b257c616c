// TLS, mTLS and API keys end to end: the development server behind a proxy that asks for client certificates.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient } from '../src/cli/connect.js';
import { Output } from '../src/cli/output.js';
import { namedTarget, type ConnectionFlags, type ConnectionTarget } from '../src/temporal/connection.js';
import { connectWorker, createFineTuneWorkers } from '../src/temporal/worker.js';
import { makeCertificates, type Certificates } from './support/certificates.js';
import { startTestServer } from './support/server.js';
import { startTlsProxy, type TlsProxy } from './support/tls-proxy.js';
import { failureOf } from './support/workflow-run.js';

const command = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));

let folder: string;
let server: TestWorkflowEnvironment;
let certificates: Certificates;
let proxy: TlsProxy;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-test-'));
  [server, certificates] = await Promise.all([startTestServer(), makeCertificates(folder)]);
  proxy = await startTlsProxy(server.address, certificates);
});
afterAll(async () => {
  await proxy?.close();
  await server?.teardown();
  await rm(folder, { recursive: true, force: true });
});

const address = (): string => `localhost:${proxy.port}`;
const ownFlags = (): ConnectionFlags => ({
  address: address(),
  tlsCert: certificates.client.cert,
  tlsKey: certificates.client.key,
  tlsCa: certificates.ca,
});
const targetOf = (flags: ConnectionFlags, env: NodeJS.ProcessEnv = {}): ConnectionTarget => namedTarget(flags, env)!;

/** What a run without a spec fails with, through Workers and a client of the target. */
async function outcome(target: ConnectionTarget, taskQueue: string): Promise<string | undefined> {
  const client = await connectClient(target, new Output(true));
  const connection = await connectWorker({ ...target.options, limitMs: 10_000 });
  const workers = await createFineTuneWorkers({ connection, taskQueue, store: join(folder, 'store'), dataFolders: [] });
  const running = workers.run();
  try {
    const handle = await client.workflow.start('fineTune', { taskQueue, workflowId: taskQueue, args: [] });
    return (await failureOf(handle)).type ?? undefined;
  } finally {
    workers.shutdown();
    await running;
    await connection.close();
    await client.connection.close();
  }
}

const refusal = (flags: ConnectionFlags): Promise<string> =>
  connectClient(targetOf(flags), new Output(true)).then(
    () => 'connected',
    (error: Error) => error.message,
  );

describe('a server behind TLS that asks for client certificates', { timeout: 60_000 }, () => {
  it('takes Workers and clients with a certificate, and gets the API key with every call, from the variable that is named', async () => {
    const target = targetOf({ ...ownFlags(), apiKeyEnv: 'MY_KEY' }, { MY_KEY: 'the-key' });
    expect(await outcome(target, 'with-key')).toBe('InvalidSpec');
    expect(proxy.calls.some(({ path }) => path.endsWith('PollWorkflowTaskQueue'))).toBe(true);
    expect(proxy.calls.some(({ path }) => path.endsWith('StartWorkflowExecution'))).toBe(true);
    expect(new Set(proxy.calls.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer the-key']));
  });

  it('takes what the environment names in the place of flags', async () => {
    const env = {
      TEMPORAL_ADDRESS: address(),
      TEMPORAL_TLS_CLIENT_CERT_PATH: certificates.client.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: certificates.client.key,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.ca,
    };
    const target = targetOf({}, env);
    const client = await connectClient(target, new Output(true));
    await client.connection.close();
    await (await connectWorker({ ...target.options, limitMs: 5_000 })).close();
  });

  it('refuses others, and the error says what is wrong and what to do', async () => {
    const { stranger } = certificates;
    const wrong = await refusal({ ...ownFlags(), tlsCert: stranger.cert, tlsKey: stranger.key });
    expect(wrong).toMatch(/the server refuses the client certificate of --tls-cert/);
    const none = await refusal({ address: address(), tlsCa: certificates.ca });
    expect(none).toMatch(/refuses a connection without a client certificate \(--tls-cert, --tls-key\)/);
    const untrusted = await refusal({ ...ownFlags(), tlsCa: stranger.ca });
    expect(untrusted).toMatch(/the server's certificate is not trusted .*--tls-ca/);
    const otherName = await refusal({ ...ownFlags(), tlsServerName: 'elsewhere.example' });
    expect(otherName).toMatch(/the server's certificate is not trusted .*--tls-server-name/);
  });

  it('is told when it speaks no TLS at all', async () => {
    const plain = await refusal({ ...ownFlags(), address: server.address });
    expect(plain).toMatch(/the server speaks no TLS/);
  });

  it('is reached by the command', async () => {
    const flags = ['--address', address(), '--tls-ca', certificates.ca];
    const own = ['--tls-cert', certificates.client.cert, '--tls-key', certificates.client.key];
    const run = (args: string[]): Promise<string> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [command, ...args], { cwd: folder, env: { PATH: process.env.PATH } });
        let text = '';
        for (const stream of [child.stdout, child.stderr])
          stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        child.on('close', () => resolve(text));
      });
    expect(await run(['result', 'nobody', ...flags, ...own])).toMatch(/NotFound/);
    expect(await run(['result', 'nobody', ...flags])).toMatch(/without a client certificate/);
  });
});

describe('credentials by flags', () => {
  it('belong together, are read from files and variables, and are told apart when they are missing', () => {
    const at = { address: 'a.example:7233' };
    expect(() => targetOf({ ...at, tlsCert: certificates.client.cert })).toThrow(
      /--tls-cert and --tls-key belong together/,
    );
    expect(() => targetOf({ ...at, tlsCa: join(folder, 'none.pem') })).toThrow(
      /--tls-ca names a PEM file .*none\.pem \(ENOENT\)/,
    );
    expect(() => targetOf({ ...at, apiKeyEnv: 'MY_KEY' })).toThrow(/--api-key-env .*got MY_KEY, which is not set/);
    // Whoever gave the key in the place of its variable does not find it in the message.
    expect(() => targetOf({ ...at, apiKeyEnv: 'the-key-itself' })).toThrow(/^(?!.*the-key-itself)/);
    expect(() => targetOf({ tls: true })).toThrow(/for a server that is named; add --address/);
    expect(targetOf({ ...at, tls: true }).options.tls).toEqual({});
  });
});
