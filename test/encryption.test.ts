// Encrypted payloads end to end: a whole run on the plugin's Workers with the example's data converter, the raw history without a plain
// word of it, heartbeats, page and memo through it, failures too, and the command on top.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, type WorkflowHandle } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchRun, type RunSnapshot } from '../src/client.js';
import { FineTunePlugin } from '../src/index.js';
import { loadDataConverter } from '../src/temporal/data-converter.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import { startTestServer } from './support/server.js';
import { TinyProject } from './support/tiny-project.js';
import { failureOf } from './support/workflow-run.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const CONVERTER = './examples/encryption/data-converter.mjs';
const TASK_QUEUE = 'sealed';

let server: TestWorkflowEnvironment;
let project: TinyProject;
let dataConverter: DataConverter;
let client: Client;
let worker: Worker;
let working: Promise<void>;
beforeAll(async () => {
  process.env.FINETUNE_PAYLOAD_KEY = randomBytes(32).toString('base64');
  [server, project, dataConverter] = await Promise.all([
    startTestServer(),
    TinyProject.create(),
    loadDataConverter(CONVERTER, root),
  ]);
  client = new Client({ connection: server.connection, dataConverter });
  const plugin = new FineTunePlugin({
    store: join(project.folder, 'store'),
    dataFolders: [project.folder],
    trainerPath: join(root, 'dist/src/trainer/child.js'),
    threads: 1,
    reportEverySeconds: 0.1,
  });
  worker = await Worker.create({
    ...{ connection: server.nativeConnection, taskQueue: TASK_QUEUE, dataConverter, plugins: [plugin] },
    maxHeartbeatThrottleInterval: '100ms',
  });
  working = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await working;
  await server?.teardown();
  await project?.remove();
  delete process.env.FINETUNE_PAYLOAD_KEY;
});

/** Every payload in an answer of the server, by where it stands, and all plain text beside them. */
function partsOf(answer: unknown): { payloads: Map<string, string>; texts: string[] } {
  const payloads = new Map<string, string>();
  const texts: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string') texts.push(value);
    if (typeof value !== 'object' || value === null) return;
    if (value instanceof Uint8Array) return void texts.push(Buffer.from(value).toString('latin1'));
    const { metadata, data } = value as { metadata?: { encoding?: Uint8Array }; data?: unknown };
    if (metadata?.encoding && data !== undefined) payloads.set(path, Buffer.from(metadata.encoding).toString());
    for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
  };
  visit(answer, '');
  return { payloads, texts };
}

const historyOf = (handle: WorkflowHandle) =>
  client.workflowService.getWorkflowExecutionHistory({
    namespace: 'default',
    execution: { workflowId: handle.workflowId },
  });
const start = (workflowId: string, input: unknown) =>
  client.workflow.start('fineTune', {
    ...{ taskQueue: TASK_QUEUE, workflowId, args: [input] },
    staticSummary: 'a summary nobody reads',
  });

describe('a run with encrypted payloads', { timeout: 120_000 }, () => {
  let result: FineTuneResult;
  let handle: WorkflowHandle;
  const snapshots: RunSnapshot[] = [];
  const heartbeats: string[] = [];
  beforeAll(async () => {
    const spec = project.spec({ epochs: 2 });
    // An id that would lead somewhere else, if it ever became part of a path.
    handle = await start('../../sealed/../run', spec);
    const run = { workflowId: handle.workflowId, runId: '' };
    const onSnapshot = (snapshot: RunSnapshot): void => void snapshots.push(snapshot);
    const watching = watchRun(client, run, { taskQueue: TASK_QUEUE, intervalMs: 50, onSnapshot });
    let status = 'RUNNING';
    while (status === 'RUNNING') {
      const described = await handle.describe();
      heartbeats.push(...partsOf(described.raw.pendingActivities).payloads.values());
      status = described.status.name;
      await new Promise((wake) => setTimeout(wake, 50));
    }
    await watching;
    result = (await handle.result()) as FineTuneResult;
  });

  it('ends, and its client reads progress, heartbeats, page and memo', async () => {
    expect(result.model.path).toBe(join(project.folder, 'out/data/embeddings/tiny'));
    const stages = snapshots.map(({ activity }) => activity?.stage?.stage);
    expect(stages).toContain('train');
    expect(snapshots.some(({ activity }) => activity?.stage?.note?.includes('unreadable'))).toBe(false);
    expect(snapshots.some(({ progress }) => progress?.stage === 'train')).toBe(true);
    expect(await handle.query('__temporal_workflow_metadata')).toMatchObject({
      currentDetails: expect.stringContaining('Loss by step') as string,
    });
    expect((await handle.describe()).memo).toMatchObject({ model: result.model, verdict: result.verdict });
  });

  it('leaves no plain word of its spec, data, figures and summaries on the server', async () => {
    const raw = [await historyOf(handle), (await handle.describe()).raw];
    const { payloads, texts } = partsOf(raw);
    expect(payloads.size).toBeGreaterThan(40);
    // Search attributes are never encoded: the server has to read them.
    const plain = [...payloads].filter(
      ([path, encoding]) => encoding !== 'binary/encrypted' && !path.includes('searchAttributes'),
    );
    expect(plain).toEqual([]);
    expect(new Set(heartbeats)).toEqual(new Set(['binary/encrypted']));
    const kinds = [...payloads.keys()].map((path) => path.replace(/\d+/g, 'n')).join('\n');
    for (const kind of ['userMetadata.summary', 'upsertedMemo', 'workflowExecutionSignaledEventAttributes.input']) {
      expect(kinds).toContain(kind);
    }
    const all = texts.join('\n');
    for (const word of [
      project.folder,
      'pairs.jsonl',
      'learningRate',
      'ndcg',
      'Retrieval on',
      'nobody reads',
      'improved',
    ]) {
      expect(all).not.toContain(word);
    }
    // What stays readable, so that an operator can find a run.
    expect(all).toContain('train-epoch-2');
  });

  it('answers queries with ciphertext, the page among them', async () => {
    for (const queryType of ['getProgress', '__temporal_workflow_metadata']) {
      const answer = await client.workflowService.queryWorkflow({
        ...{ namespace: 'default', execution: { workflowId: handle.workflowId }, query: { queryType } },
      });
      expect([...partsOf(answer).payloads.values()]).toEqual(['binary/encrypted']);
    }
  });

  it('keeps its store for the owner alone, and writes nowhere else than there and into the output', async () => {
    expect((await readdir(project.folder)).sort()).toEqual(['inputs', 'out', 'store']);
    const open: string[] = [];
    let files = 0;
    for (const entry of await readdir(join(project.folder, 'store'), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const { mode } = await stat(path);
      if (entry.isFile()) files++;
      if ((mode & 0o777) !== (entry.isDirectory() ? 0o700 : 0o600)) open.push(`${(mode & 0o777).toString(8)} ${path}`);
    }
    expect((await stat(join(project.folder, 'store'))).mode & 0o777).toBe(0o700);
    expect(files).toBeGreaterThan(30);
    expect(open).toEqual([]);
  });

  it('that fails says why to its client alone', async () => {
    await writeFile(join(project.folder, 'broken.jsonl'), '{"question": "a private question", "answer": \n');
    const failed = await start('sealed-failure', project.spec({}, { source: join(project.folder, 'broken.jsonl') }));
    const failure = await failureOf(failed);
    expect(failure).toMatchObject({ type: 'InvalidData' });
    expect(failure.message).toMatch(/broken\.jsonl, line 1: a JSON value is needed/);
    expect(JSON.stringify(failure)).not.toContain('private');
    const { payloads, texts } = partsOf(await historyOf(failed));
    expect([...payloads].filter(([, encoding]) => encoding !== 'binary/encrypted')).toEqual([]);
    expect(texts.join('\n')).not.toMatch(/broken\.jsonl|JSON value|private/);
    expect(texts.join('\n')).toContain('Encoded failure');
  });

  it('is read by the command with its data converter, and without one the command says what is missing', async () => {
    const command = (args: string[]): Promise<string> =>
      new Promise((resolve) => {
        const words = [join(root, 'dist/src/cli/main.js'), 'result', handle.workflowId, '--address', server.address];
        const { PATH, FINETUNE_PAYLOAD_KEY } = process.env;
        const env = { PATH, FINETUNE_PAYLOAD_KEY };
        execFile(process.execPath, [...words, ...args], { cwd: root, env }, (_, out, err) => resolve(out + err));
      });
    expect(await command(['--json', '--data-converter', CONVERTER])).toContain(`"sha256":"${result.model.sha256}"`);
    expect(await command([])).toMatch(/encoded .*--data-converter/s);
  });
});

describe('loadDataConverter', () => {
  it('says what a module lacks', async () => {
    await expect(loadDataConverter('./none.mjs', project.folder)).rejects.toThrow(
      /--data-converter: \.\/none\.mjs cannot be loaded/,
    );
    await writeFile(join(project.folder, 'empty.mjs'), 'export const converter = {};\n');
    await expect(loadDataConverter('./empty.mjs', project.folder)).rejects.toThrow(
      /exports `dataConverter`.*got converter/,
    );
    await writeFile(join(project.folder, 'plain.cjs'), 'module.exports = { dataConverter: { payloadCodecs: [] } };\n');
    expect(await loadDataConverter('./plain.cjs', project.folder)).toEqual({ payloadCodecs: [] });
    expect(await readFile(join(root, CONVERTER), 'utf8')).toContain('export const dataConverter');
  });
});
