// A run as operators see it: one small training, with a Worker of somebody's own that has the plugin and OpenTelemetry's, and with the trainer
// in another process (`finetune worker --only training`) that Prometheus asks for its figures.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Resource } from '@opentelemetry/resources';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Client } from '@temporalio/client';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateAlone, startFineTune, type FineTuneResult } from '../src/client.js';
import { createFineTuneWorkers, FineTunePlugin } from '../src/index.js';
import { parseSpec } from '../src/spec/parse.js';
import { RUN_ATTRIBUTES } from '../src/spec/search-attributes.js';
import type { PinInput, PinResult } from '../src/spec/preparation-stages.js';
import { startTestServer } from './support/server.js';
import { TinyProject } from './support/tiny-project.js';

const cli = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const taskQueue = 'operated';
const spans = new InMemorySpanExporter();
const resource = new Resource({ 'service.name': 'a-team' });
const spanProcessor = new SimpleSpanProcessor(spans);
new NodeTracerProvider({ resource, spanProcessors: [spanProcessor] }).register();
const tracing = new OpenTelemetryPlugin({ resource, spanProcessor });

let server: TestWorkflowEnvironment;
let project: TinyProject;
let client: Client;
let trainer: ChildProcess;
let worker: Worker;
let working: Promise<void>;
let metrics: string;
let beforeRegistration: PinResult;
let result: FineTuneResult;
let workflowId: string;

beforeAll(async () => {
  [server, project] = await Promise.all([startTestServer(), TinyProject.create()]);
  client = new Client({ connection: server.connection, plugins: [tracing] });
  const store = join(project.folder, 'store');
  metrics = `127.0.0.1:${await freePort()}`;
  trainer = spawn(
    process.execPath,
    [
      ...[cli, 'worker', '--only', 'training', '--address', server.address, '--task-queue', taskQueue],
      ...['--store', store, '--data', project.folder, '--threads', '1', '--metrics', metrics],
      ...['--deployment', 'encoders', '--build-id', '7'],
    ],
    { stdio: 'ignore', env: { ...process.env, NO_COLOR: '1' } },
  );
  worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue,
    plugins: [
      new FineTunePlugin({ store, dataFolders: [project.folder], trainingWorker: false, searchAttributes: true }),
      tracing,
    ],
  });
  working = worker.run();
  const spec = parseSpec(project.spec({ epochs: 1 }));
  const input: PinInput = { spec, mayCreateStore: true };
  beforeRegistration = await client.activity.execute<PinResult>('pinInputs', {
    ...{ id: 'before-registration', taskQueue, args: [input], startToCloseTimeout: '1 min' },
  });
  await registerSearchAttributes();
  const run = await startFineTune(client, spec, { taskQueue });
  ({ workflowId } = run);
  result = await run.result();
}, 120_000);
afterAll(async () => {
  if (trainer?.exitCode === null && trainer.kill('SIGTERM')) await once(trainer, 'exit');
  if (worker?.getState() === 'RUNNING') worker.shutdown();
  await working;
  await server?.teardown();
  await project?.remove();
});

async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  await new Promise((closed) => holder.close(closed));
  return port;
}

/** What `temporal operator search-attribute create` does. */
async function registerSearchAttributes(): Promise<void> {
  const { operatorService } = server.connection;
  const types = { KEYWORD: 2, DOUBLE: 4 };
  await operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.entries(RUN_ATTRIBUTES).map(([name, type]) => [name, types[type]])),
  });
  for (;;) {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace: 'default' });
    if (Object.keys(RUN_ATTRIBUTES).every((name) => name in (customAttributes ?? {}))) return;
    await sleep(100);
  }
}

describe('search attributes', () => {
  it('are not set, with a warning that says how to add them, while the server does not know them', () => {
    expect(beforeRegistration.searchAttributes).toBeUndefined();
    const { warnings } = beforeRegistration;
    // A run's page and result cut a warning at 300 characters: a command must not be cut in two.
    expect(warnings.filter((warning) => warning.length > 300)).toEqual([]);
    const command =
      /so none is set\. Add them: temporal operator search-attribute create --namespace default((?: --name \w+ --type \w+)+)$/;
    const added = warnings.flatMap((warning) => [...command.exec(warning)![1]!.matchAll(/--name (\w+) --type (\w+)/g)]);
    expect(Object.fromEntries(added.map(([, name, type]) => [name, type!.toUpperCase()]))).toEqual(RUN_ATTRIBUTES);
  });

  it('reach the workflow through its first activity, and runs are found by them', async () => {
    const query = `FinetuneOutput = 'tiny' AND FinetuneVerdict = '${result.verdict.verdict}' AND FinetuneAfter >= 0`;
    const found = async (): Promise<string[]> => {
      const ids: string[] = [];
      for await (const execution of client.workflow.list({ query })) ids.push(execution.workflowId);
      return ids;
    };
    await expect.poll(found, { timeout: 20_000 }).toEqual([workflowId]);
    const { typedSearchAttributes } = await client.workflow.getHandle(workflowId).describe();
    const values = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
    expect(Object.fromEntries(values)).toMatchObject({
      FinetuneDataset: expect.stringMatching(/pairs/),
      FinetuneBefore: result.metrics.before['ndcg@10'],
      FinetuneAfter: result.metrics.after['ndcg@10'],
    });
  });
});

describe('the history of such a run', () => {
  it('replays in a Worker that has the plugin and nothing else', async () => {
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    const types = history.events?.map(({ upsertWorkflowSearchAttributesEventAttributes: set }) => set).filter(Boolean);
    expect(types).toHaveLength(2);
    await Worker.runReplayHistory({ plugins: [new FineTunePlugin({ store: 'unused' })] }, history, workflowId);
  });
});

describe('metrics', () => {
  it("are the SDK's and training's own, at the address that --metrics names", async () => {
    const text = await (await fetch(`http://${metrics}/metrics`)).text();
    const value = (name: string): number =>
      Number(new RegExp(`^${name}\\{[^}]*activityType="trainEpoch"[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value('finetune_loss')).toBeGreaterThan(0);
    expect(value('finetune_step')).toBe(value('finetune_steps'));
    expect(value('finetune_step')).toBeGreaterThan(0);
    expect(value('finetune_epoch')).toBe(1);
    expect(value('finetune_pairs_per_second')).toBeGreaterThan(0);
    expect(value('finetune_training')).toBe(0);
    expect(text).toMatch(/^temporal_activity_execution_latency\w*\{/m);
  });
});

describe('OpenTelemetry', () => {
  it('shows a run and its activities in one trace', () => {
    const finished = spans.getFinishedSpans();
    const start = finished.find(({ name }) => name === 'StartWorkflow:fineTune');
    const names = finished
      .filter((span) => span.spanContext().traceId === start?.spanContext().traceId)
      .map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['StartActivity:pinInputs', 'RunActivity:pinInputs', 'StartActivity:trainEpoch']),
    );
    expect(names).toContain('RunActivity:downloadDataset');
  });
});

describe('the Workers', () => {
  it('tell the UI who they are and which build', async () => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      ...{ namespace: 'default', taskQueue: { name: `${taskQueue}-training` }, taskQueueType: 2 },
    });
    expect(pollers?.map(({ identity }) => identity)).toEqual([expect.stringMatching(/^trainer@/)]);
    expect(pollers?.[0]?.deploymentOptions).toMatchObject({ deploymentName: 'encoders', buildId: '7' });
  });

  it('take part in Worker Versioning when asked to, and let runs move to newer builds', async () => {
    const deployment = { deploymentName: 'versioned', buildId: 'one' };
    const workers = await createFineTuneWorkers({
      ...{
        connection: server.nativeConnection,
        taskQueue: 'versioned',
        deployment,
        versioning: true,
        only: 'workflow',
      },
      ...{ store: join(project.folder, 'other-store'), dataFolders: [project.folder] },
    });
    const run = workers.run();
    const { workflowService } = client;
    const setCurrent = () =>
      workflowService
        .setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName: 'versioned', buildId: 'one' })
        .then(() => true)
        .catch(() => false);
    await expect.poll(setCurrent, { timeout: 20_000 }).toBe(true);
    const handle = await client.workflow.start('fineTune', { taskQueue: 'versioned', workflowId: 'versioned' });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidSpec' } });
    const { workflowExecutionInfo } = (await handle.describe()).raw;
    expect(workflowExecutionInfo?.versioningInfo).toMatchObject({ behavior: 2, deploymentVersion: deployment });
    workers.shutdown();
    await run;
  });
});

describe('evaluateAlone', () => {
  it('gives the figures that a run has before training, without a workflow', async () => {
    const report = await evaluateAlone(client, project.spec({ epochs: 1 }), { taskQueue });
    expect(report.metrics).toEqual(result.metrics.before);
    expect(report).toMatchObject({ dataset: expect.stringMatching(/pairs/), queries: expect.any(Number) });
  });

  it('fails with the type of what is wrong', async () => {
    const spec = { ...project.spec(), dataset: { source: 'nowhere.jsonl' } };
    await expect(evaluateAlone(client, spec, { taskQueue })).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/nowhere\.jsonl/) },
    });
  });
});
