// The borders of a Worker, tried from outside as somebody would who may start runs: secrets in a spec, paths and links out of the data
// folders, repositories that are not allowed, names that lead elsewhere. A real server, real activities.
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../activities/index.js';
import { startFineTune, type FineTuneSpecInput } from '../src/client.js';
import { startFakeHub, type FakeHub } from './support/fake-hub.js';
import { SECRETS } from './support/secrets.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';
import { failureOf } from './support/workflow-run.js';

const taskQueue = 'borders';
const TOKEN = `hf${'_'}AbCdEfGhIjKlMnOpQrStUvWxYz01234567`;

let server: TestWorkflowEnvironment;
let hub: FakeHub;
let root: string;
let worker: Worker;
let working: Promise<void>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'borders-'));
  await mkdir(join(root, 'data', 'inner'), { recursive: true });
  await mkdir(join(root, 'outside'));
  const rows = '{"question": "q", "answer": "a"}\n';
  await writeFile(join(root, 'data', 'pairs.jsonl'), rows);
  await writeFile(join(root, 'outside', 'pairs.jsonl'), rows);
  await symlink(join(root, 'outside'), join(root, 'data', 'link'));
  await symlink(join(root, 'outside', 'pairs.jsonl'), join(root, 'data', 'inner', 'train.jsonl'));
  await writeTinyTokenizer(join(root, 'data', 'tokenizer'), ['q', 'a']);
  hub = await startFakeHub({
    repos: [{ type: 'model', name: 'acme/closed', gated: true, files: { 'config.json': '{}' } }],
    token: TOKEN,
  });
  process.env.HF_TOKEN = TOKEN;
  const [started, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
  server = started;
  const activities = createActivities({
    ...{ store: join(root, 'store'), dataFolders: [join(root, 'data')], hubUrl: hub.url },
    allowedSources: { hub: ['*', 'others'] },
  });
  worker = await Worker.create({ connection: server.nativeConnection, taskQueue, activities, workflowBundle });
  working = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await working;
  delete process.env.HF_TOKEN;
  await server?.teardown();
  await hub?.close();
  await rm(root, { recursive: true, force: true });
});

let runs = 0;
/** How a run of a spec fails, and the history without its input. */
async function refusal(spec: unknown): Promise<{ type: string; message: string; written: string }> {
  const handle = await server.client.workflow.start('fineTune', {
    ...{ taskQueue, workflowId: `refused-${runs++}`, args: [spec] },
  });
  const { type, message } = await failureOf(handle);
  const { events = [] } = await handle.fetchHistory();
  const plain = (_: string, value: unknown): unknown =>
    value && typeof value === 'object' && 'type' in value && value.type === 'Buffer' && 'data' in value
      ? Buffer.from(value.data as number[]).toString()
      : value;
  const outcome = (events ?? []).slice(1).map((event) => JSON.parse(JSON.stringify(event)) as unknown);
  return { type: type ?? '', message, written: JSON.stringify(outcome, plain) };
}
const base = { model: { random: { tokenizer: './tokenizer' } }, dataset: { source: 'pairs.jsonl' } };

describe('a spec', { timeout: 60_000 }, () => {
  it('with a secret fails at once, and nothing that the run writes repeats it', async () => {
    for (const [, text, secret] of SECRETS.slice(0, 3)) {
      const { type, message, written } = await refusal({ ...base, dataset: { source: text } });
      expect(type).toBe('InvalidSpec');
      expect(message).toMatch(/^dataset\.source: no secret may stand here/);
      expect(written).not.toContain(secret);
    }
  });

  it('with a secret is not even sent by the client', async () => {
    const spec: FineTuneSpecInput = { ...base, dataset: { source: SECRETS[0]![1] } };
    await expect(startFineTune(server.client, spec, { taskQueue, workflowId: 'never' })).rejects.toMatchObject({
      type: 'InvalidSpec',
    });
    await expect(server.client.workflow.getHandle('never').describe()).rejects.toThrow(/not found/i);
  });

  it.each([
    ['a path outside', { dataset: { source: '../outside/pairs.jsonl' } }],
    ['an absolute path', { dataset: { source: '/etc/passwd' } }],
    ['a folder that is a link out', { dataset: { source: './link/pairs.jsonl' } }],
    ['a link inside a folder', { dataset: { source: './inner' } }],
    ['a model outside', { model: '../outside' }],
    ['an output outside', { output: { directory: '../outside' } }],
    ['an output through a link', { output: { directory: 'link/new' } }],
    ['ready files outside', { dataset: { train: '../outside/pairs.jsonl', test: 'pairs.jsonl' } }],
  ])('with %s fails with the rule, what is allowed and the remedy', async (_, change) => {
    const { type, message } = await refusal({ ...base, ...change });
    expect(type).toBe('PathNotAllowed');
    expect(message).toContain(join(root, 'data'));
    expect(message).toMatch(/--data/);
    expect(await readdir(join(root, 'outside'))).toEqual(['pairs.jsonl']);
  });

  it('with a private repository that is not named gets no token, and hears what to do', async () => {
    const { type, message, written } = await refusal({ ...base, model: 'acme/closed' });
    expect(type).toBe('SourceNotFound');
    expect(message).toMatch(/"acme\/closed" is gated .* sent only for owners and repositories .*--allow-hub/);
    expect(hub.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
    expect(written).not.toContain(TOKEN);
  });

  it.each(['../escape', '/abs', '..', 'a/b', '.hidden', 'a\u0000b'])('cannot name its output %j', async (name) => {
    const { type, message } = await refusal({ ...base, output: { name } });
    expect(type).toBe('InvalidSpec');
    expect(message).toMatch(/^output\.name: use letters, digits/);
  });
});
