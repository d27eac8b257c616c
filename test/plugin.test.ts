// The plugin in Workers of somebody else, against a development server.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Worker,
  type ActivityInterceptorsFactory,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { PayloadCodec } from '@temporalio/common';
import { SimplePlugin } from '@temporalio/plugin';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { evaluateAlone } from '../src/client.js';
import { FineTunePlugin } from '../src/index.js';
import { parseSpec } from '../src/spec/parse.js';
import type { PinResult } from '../src/spec/preparation-stages.js';
import { startTestServer } from './support/server.js';

const workflowsPath = fileURLToPath(new URL('./support/other-workflows.ts', import.meta.url));
let server: TestWorkflowEnvironment;
let store: string;

beforeAll(async () => {
  server = await startTestServer();
  store = await mkdtemp(join(tmpdir(), 'plugin-test-'));
});
afterAll(async () => {
  await server.teardown();
  await rm(store, { recursive: true, force: true });
});

/** What becomes of a workflow of each kind on a queue. */
async function outcomes(taskQueue: string): Promise<Record<string, unknown>> {
  const run = (type: string, args: unknown[]) =>
    server.client.workflow
      .execute(type, { taskQueue, workflowId: `${taskQueue}-${type}`, args, workflowExecutionTimeout: '30 s' })
      .catch((error: { cause?: { type?: string } }) => error.cause?.type);
  return {
    greet: await run('greet', ['you']),
    unknown: await run('unknown', []),
    // Without a spec the run fails and says what it needs: so the workflow is there.
    fineTune: await run('fineTune', []),
  };
}

/** Who polls a queue for activities. */
async function pollersOf(taskQueue: string, namespace = 'default'): Promise<unknown[]> {
  const { pollers } = await server.client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 2,
  });
  return (pollers ?? []).map(({ identity }) => identity);
}

async function firstPollers(taskQueue: string, namespace?: string): Promise<unknown[]> {
  for (let turn = 0; turn < 200; turn++) {
    const found = await pollersOf(taskQueue, namespace);
    if (found.length > 0) return found;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return [];
}

/** Their workflows as a module, bundled with the plugin as it is built. */
async function builtBundle(
  name: string,
  workflows: string,
  type: 'module' | 'commonjs' = 'module',
): Promise<WorkflowBundleWithSourceMap> {
  const built = new URL('../dist/src/index.js', import.meta.url).href;
  const { FineTunePlugin: BuiltPlugin } = (await import(built)) as { FineTunePlugin: typeof FineTunePlugin };
  const project = join(store, name);
  await mkdir(project);
  await writeFile(join(project, 'package.json'), JSON.stringify({ type }));
  await writeFile(join(project, 'workflows.js'), workflows);
  return bundleWorkflowCode({
    workflowsPath: join(project, 'workflows.js'),
    plugins: [new BuiltPlugin({ store })],
    logger: new DefaultLogger('ERROR'),
  });
}

const BOTH = { greet: 'hello you', unknown: 'handled by default', fineTune: 'InvalidSpec' };

describe('FineTunePlugin', { timeout: 180_000 }, () => {
  it("adds its workflows to the user's, also when it stands on the connection and on the Worker at once", async () => {
    const plugin = new FineTunePlugin({ store });
    const connection = await NativeConnection.connect({ address: server.address, plugins: [plugin] });
    const worker = await Worker.create({ connection, taskQueue: 'theirs', workflowsPath, plugins: [plugin] });
    const [trainers, found] = await worker.runUntil(() =>
      Promise.all([firstPollers('theirs-training'), outcomes('theirs')]),
    );
    expect(found).toEqual(BOTH);
    // One slot for training beside the Worker, and none beside that one.
    expect(trainers).toEqual([expect.stringMatching(/^trainer@/)]);
    expect(await pollersOf('theirs-training-training')).toEqual([]);
    expect(worker.getState()).toBe('STOPPED');
    await connection.close();
  });

  it('gives the training Worker what the Worker has in the end, from plugins that come later too', async () => {
    const called: string[] = [];
    const noting =
      (by: string): ActivityInterceptorsFactory =>
      ({ info }) => ({
        inbound: {
          execute: (input, next) => {
            called.push(`${by} ${info.taskQueue}`);
            return next(input);
          },
        },
      });
    const codec: PayloadCodec = { encode: async (payloads) => payloads, decode: async (payloads) => payloads };
    const seen = vi.spyOn(codec, 'decode');
    const later = new SimplePlugin({
      name: 'later',
      workerInterceptors: { activity: [noting('later')] },
      dataConverter: { payloadCodecs: [codec] },
    });
    const plugin = new FineTunePlugin({ store });
    const connection = await NativeConnection.connect({ address: server.address, plugins: [plugin, later] });
    const activity = [noting('own')];
    const worker = await Worker.create({ connection, taskQueue: 'decked', workflowsPath, interceptors: { activity } });
    const evaluate = () =>
      evaluateAlone(server.client, { model: './nowhere', dataset: 'nowhere.jsonl' }, { taskQueue: 'decked' });
    await expect(worker.runUntil(evaluate)).rejects.toMatchObject({ cause: { type: 'SourceNotFound' } });
    expect(called).toEqual(['own decked-training', 'later decked-training']);
    expect(seen).toHaveBeenCalled();
    await connection.close();
  });

  it('runs no training Worker beside it when told not to', async () => {
    const plugin = new FineTunePlugin({ store, trainingWorker: false });
    const worker = await Worker.create({
      ...{ connection: server.nativeConnection, taskQueue: 'elsewhere', workflowsPath, plugins: [plugin] },
    });
    await worker.runUntil(firstPollers('elsewhere'));
    expect(await pollersOf('elsewhere-training')).toEqual([]);
  });

  it('lets the Worker be ended from the moment that it runs', { timeout: 30_000 }, async () => {
    const options = { connection: server.nativeConnection, workflowsPath, plugins: [new FineTunePlugin({ store })] };
    const first = await Worker.create({ ...options, taskQueue: 'ended-at-once' });
    await expect(first.runUntil(Promise.reject(new Error('no start')))).rejects.toThrow('no start');
    const second = await Worker.create({ ...options, taskQueue: 'ended-at-once' });
    const running = second.run();
    second.shutdown();
    await running;
    expect([first.getState(), second.getState()]).toEqual(['STOPPED', 'STOPPED']);
  });

  it('tells of an old server, and gives the connection free', async () => {
    const connection = await NativeConnection.connect({ address: server.address });
    const plugins = [new FineTunePlugin({ store })];
    const worker = await Worker.create({ connection, taskQueue: 'on-an-old-server', workflowsPath, plugins });
    vi.spyOn(connection.workflowService, 'getSystemInfo').mockResolvedValue({ serverVersion: '1.24.2' } as never);
    const run = async (): Promise<void> => {
      try {
        await worker.run();
      } finally {
        await connection.close();
      }
    };
    await expect(run()).rejects.toThrow(/1\.29\.0 or newer is needed, got 1\.24\.2/);
    expect(worker.getState()).toBe('STOPPED');
  });

  it('ends the training Worker as soon as the Worker takes no more tasks', { timeout: 30_000 }, async () => {
    const create = vi.spyOn(Worker, 'create');
    let [begin, end] = [(): void => undefined, (): void => undefined];
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const ended = new Promise<void>((resolve) => (end = resolve));
    const slow = (): Promise<void> => (begin(), ended);
    const worker = await Worker.create({
      ...{ connection: server.nativeConnection, taskQueue: 'draining', activities: { slow } },
      plugins: [new FineTunePlugin({ store })],
    });
    const running = worker.run();
    const call = { id: 'slow', taskQueue: 'draining', startToCloseTimeout: '1 min' } as const;
    const called = server.client.activity.execute('slow', call);
    await begun;
    await firstPollers('draining-training');
    worker.shutdown();
    const training = (await create.mock.results.at(-1)!.value) as Worker;
    expect(training.options.taskQueue).toBe('draining-training');
    await vi.waitFor(() => expect(training.getState()).toBe('STOPPED'), { timeout: 5000 });
    expect(worker.getState()).toBe('DRAINING');
    end();
    await Promise.all([called, running]);
  });

  it('lets runs read the working directory by default, and the given folders alone otherwise', async () => {
    const paths = { model: 'examples/encoder/model', dataset: 'examples/elements/elements-pairs.jsonl' };
    const pin = async (taskQueue: string, dataFolders?: string[]): Promise<PinResult> => {
      const options = { store: join(store, 'pins'), trainingWorker: false, ...(dataFolders && { dataFolders }) };
      const plugins = [new FineTunePlugin(options)];
      const worker = await Worker.create({ connection: server.nativeConnection, taskQueue, plugins });
      const args = [{ spec: parseSpec(paths), mayCreateStore: true }];
      return worker.runUntil(() =>
        server.client.activity.execute<PinResult>('pinInputs', {
          ...{ id: taskQueue, taskQueue, args, startToCloseTimeout: '1 min', retry: { maximumAttempts: 1 } },
        }),
      );
    };
    // What the Worker's owner decided comes with the first activity's result: a start from the UI carries none of it.
    expect(await pin('by-default')).toMatchObject({
      ...{ dataset: { type: 'local' }, trainingTaskQueue: 'by-default-training' },
    });
    await expect(pin('elsewhere-only', [store])).rejects.toMatchObject({ cause: { type: 'SourceNotFound' } });
  });

  it('is enough for a Worker that has nothing else', async () => {
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue: 'alone',
      plugins: [new FineTunePlugin({ store })],
    });
    const fineTune = () =>
      server.client.workflow.execute('fineTune', { taskQueue: 'alone', workflowId: 'alone', args: [] });
    await expect(worker.runUntil(fineTune)).rejects.toMatchObject({ cause: { type: 'InvalidSpec' } });
  });

  it('adds no workflows to a Worker with activities alone, which may share its queue', async () => {
    const plugin = new FineTunePlugin({ store });
    const options = plugin.configureWorker({ taskQueue: 'q', activities: { own: () => Promise.resolve() } });
    expect(options.workflowsPath).toBeUndefined();
    expect(Object.keys(options.activities ?? {})).toEqual(expect.arrayContaining(['own', 'trainEpoch', 'pinInputs']));
  });

  it("leaves the throttle of heartbeats alone, which holds for the team's own activities too", () => {
    const plugin = new FineTunePlugin({ store });
    expect(plugin.configureWorker({ taskQueue: 'q' }).maxHeartbeatThrottleInterval).toBeUndefined();
    const given = plugin.configureWorker({ taskQueue: 'q', maxHeartbeatThrottleInterval: 5000 });
    expect(given.maxHeartbeatThrottleInterval).toBe(5000);
  });

  it('refuses an activity of theirs that it would replace, and no activity of its own', () => {
    const plugin = new FineTunePlugin({ store });
    const activities = { own: () => Promise.resolve(), evaluate: () => Promise.resolve('theirs') };
    expect(() => plugin.configureWorker({ taskQueue: 'q', activities })).toThrow(
      /^FineTunePlugin: .*got "evaluate"\. Rename yours/,
    );
    const configured = plugin.configureWorker({ taskQueue: 'q', activities: { own: activities.own } });
    const spread = { ...configured, activities: { ...configured.activities, more: activities.own } };
    const twice = new FineTunePlugin({ store }).configureWorker(spread);
    expect(Object.keys(twice.activities ?? {})).toEqual(expect.arrayContaining(['own', 'more', 'evaluate']));
  });

  it('runs a training Worker in each of two namespaces on a queue of one name', async () => {
    const [namespace, taskQueue] = ['second', 'of-one-name'];
    await server.client.workflowService.registerNamespace({
      ...{ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } },
    });
    const plugins = [new FineTunePlugin({ store })];
    const shared = { connection: server.nativeConnection, taskQueue, plugins, workflowsPath };
    const first = await Worker.create(shared);
    const inSecond = (): Promise<Worker> => Worker.create({ ...shared, namespace });
    // The server lets a new namespace be used a while after it was made.
    const second = await vi.waitFor(inSecond, { timeout: 30_000, interval: 500 });
    const both = await first.runUntil(
      second.runUntil(() =>
        Promise.all([firstPollers(`${taskQueue}-training`), firstPollers(`${taskQueue}-training`, namespace)]),
      ),
    );
    expect(both).toEqual([[expect.stringMatching(/^trainer@/)], [expect.stringMatching(/^trainer@/)]]);
  });

  it('is content, as built, with workflows in an ES module that has no handler of unknown types', async () => {
    const bundle = await builtBundle('plain', 'export async function greet(name) { return `hello ${name}`; }');
    expect(bundle.code).toContain('hello ${');
  });

  it("leaves a workflow of theirs alone that is called like one of this package's messages", async () => {
    const workflowBundle = await builtBundle('pause', 'export async function pause() { return "theirs"; }');
    const worker = await Worker.create({
      ...{ connection: server.nativeConnection, taskQueue: 'theirs-too', workflowBundle },
      plugins: [new FineTunePlugin({ store, trainingWorker: false })],
    });
    const pause = () => server.client.workflow.execute('pause', { taskQueue: 'theirs-too', workflowId: 'pause' });
    expect(await worker.runUntil(pause)).toBe('theirs');
  });

  it('is an error of the bundler when a workflow type would be theirs and its own at once', async () => {
    await expect(builtBundle('twice', 'export async function fineTune() {}')).rejects.toThrow(/Webpack finished/);
  });

  it('runs no workflow when such a type is of a CommonJS module, of which the bundler does not know', async () => {
    const workflows = 'exports.greet = async () => "hello"; exports.sweep = async () => "theirs";';
    const workflowBundle = await builtBundle('twice-commonjs', workflows, 'commonjs');
    const worker = await Worker.create({
      ...{ connection: server.nativeConnection, taskQueue: 'twice', workflowBundle },
      plugins: [new FineTunePlugin({ store, trainingWorker: false })],
    });
    const failure = async (type: string): Promise<unknown> => {
      const handle = await server.client.workflow.start(type, { taskQueue: 'twice', workflowId: `twice-${type}` });
      const failed = await vi.waitUntil(
        async () => {
          const { events } = await handle.fetchHistory();
          return events?.find((event) => event.workflowTaskFailedEventAttributes);
        },
        { timeout: 30_000, interval: 100 },
      );
      await handle.terminate();
      return failed.workflowTaskFailedEventAttributes?.failure?.message;
    };
    const failures = await worker.runUntil(() => Promise.all([failure('greet'), failure('sweep')]));
    const told = expect.stringMatching(/^FineTunePlugin: workflow types .*got "sweep"\. Rename yours/) as string;
    expect(failures).toEqual([told, told]);
  });

  it("lets them export this package's workflows again, and call them", async () => {
    const entry = fileURLToPath(new URL('../dist/workflows/index.js', import.meta.url));
    const bundle = await builtBundle('again', `export * from '${entry}'; export { fineTune } from '${entry}';`);
    expect(bundle.code).toContain('Fine-tunes');
  });

  it('works in a bundle that is built beforehand', async () => {
    const plugin = new FineTunePlugin({ store, trainingWorker: false });
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath,
      plugins: [plugin],
      logger: new DefaultLogger('ERROR'),
    });
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue: 'bundled',
      workflowBundle,
      plugins: [plugin],
    });
    expect(await worker.runUntil(outcomes('bundled'))).toEqual(BOTH);
  });
});
