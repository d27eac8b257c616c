// The built `finetune` command as a process of its own: what it prints, how it ends, and a run that is interrupted and goes on.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256OfFile } from '../src/artifacts/hash.js';
import { readSpecFile } from '../src/cli/spec-file.js';
import { identifyProcess } from '../src/temporal/process-identity.js';
import { findServerProgram } from '../src/temporal/server-program.js';
import { stopServer } from '../src/temporal/server.js';
import { findRunningServer } from '../src/temporal/server-state.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { stubActivities } from './support/stub-activities.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

const command = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
if (!existsSync(command)) throw new Error(`${command} is missing: run "npm run build" first`);

let folder: string;
const dbPath = (): string => join(folder, '.finetune', 'server', 'temporal.db');

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'command-test-')));
  const pairs = Array.from({ length: 60 }, (_, i) => ({
    question: `Which number follows ${i}?`,
    answer: `After ${i} comes ${i + 1}.`,
  }));
  await writeFile(join(folder, 'pairs.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  await writeTinyTokenizer(
    join(folder, 'tokenizer'),
    pairs.flatMap(({ question, answer }) => [question, answer]),
  );
  await writeSpec('spec.json', { epochs: 40 });
  await writeFile(join(folder, 'wrong.json'), JSON.stringify({ model: 'm', dataset: 'd', training: { epoch: 2 } }));
});
afterAll(async () => {
  await stopServer(dbPath());
  await rm(folder, { recursive: true, force: true });
});

async function writeSpec(name: string, training: Record<string, unknown>): Promise<void> {
  const shape = { hiddenSize: 32, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 64 };
  const spec = {
    model: { random: { tokenizer: './tokenizer', maxPositionEmbeddings: 64, ...shape } },
    dataset: { source: 'pairs.jsonl', testRatio: 0.3 },
    training: { batchSize: 8, ...training },
    output: { name: 'tiny', directory: 'out' },
  };
  await writeFile(join(folder, name), JSON.stringify(spec));
}

interface Call {
  process: ChildProcess;
  /** Standard output and standard error, as one pipe gets them. */
  text: () => string;
  /** Resolves with the exit code. */
  ended: Promise<number | null>;
}

function call(...args: string[]): Call {
  // As typed into a shell: no server named, not called by npm.
  const { TEMPORAL_ADDRESS: _address, TEMPORAL_PROFILE: _profile, npm_lifecycle_event: _event, ...rest } = process.env;
  // Where CI is set, colours are on also without a terminal.
  const env = { ...rest, NO_COLOR: '1' };
  const child = spawn(process.execPath, [command, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { process: child, text: () => text, ended: new Promise((done) => child.once('close', done)) };
}

async function outcome(
  ...args: string[]
): Promise<{ code: number | null; text: string; last: Record<string, unknown> }> {
  const { ended, text } = call(...args);
  const code = await ended;
  const last = text().trimEnd().split('\n').pop() ?? '';
  return { code, text: text(), last: args.includes('--json') ? (JSON.parse(last) as Record<string, unknown>) : {} };
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (await condition()) return;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  throw new Error(`waited in vain for ${what}`);
}

describe('the command', () => {
  it('prints an unknown key of a spec as one block that names the nearest one, without a stack, and exits with 2', async () => {
    const { code, text } = await outcome('run', 'wrong.json');
    expect(code).toBe(2);
    expect(text).toMatch(/✖ InvalidSpec\n {2}training\.epoch: unknown key, got "epoch"; did you mean "epochs"/);
    expect(text).not.toMatch(/^\s+at /m);
  });

  it('ends with one object on the last line when --json is given, whatever went wrong', async () => {
    expect(await outcome('run', 'wrong.json', '--json')).toMatchObject({
      code: 2,
      last: { workflowId: null, status: 'INVALID', model: null, error: { type: 'InvalidSpec' } },
    });
    expect(await outcome('run', 'none.json', '--json')).toMatchObject({
      code: 2,
      last: { error: { type: 'SourceNotFound', message: expect.stringContaining(folder) } },
    });
    expect(await outcome('run', '--json', '--nonsense')).toMatchObject({ code: 2, last: { error: { type: 'Usage' } } });
  });

  it('says where no server answers and what to do', async () => {
    const { code, text } = await outcome('start', 'spec.json', '--address', '127.0.0.1:1');
    expect(code).toBe(1);
    expect(text).toMatch(/no Temporal server answers at 127\.0\.0\.1:1.*\(from --address\)[^]*finetune server/);
  });

  it('ends with 130 at Ctrl-C also before there is anything to save', { timeout: 60_000 }, async () => {
    const waiting = call('worker', '--address', '127.0.0.1:1', '--json');
    // The third pause takes two seconds.
    await until(() => (waiting.text().match(/trying again/g)?.length ?? 0) >= 3, 'three tries');
    waiting.process.kill('SIGINT');
    expect(await waiting.ended).toBe(130);
    expect(waiting.text()).not.toMatch(/✖|AbortError/);
    const last = JSON.parse(waiting.text().trimEnd().split('\n').pop() ?? '') as unknown;
    expect(last).toMatchObject({ status: 'INTERRUPTED', error: { type: 'Interrupted' } });
  });

  it('has a doctor that checks this machine', async () => {
    const { code, last } = await outcome('doctor', '--json');
    const checks = last.checks as { name: string; status: string }[];
    expect(checks.map((check) => check.name)).toEqual([
      ...['Node', 'platform', 'ONNX Runtime', 'Temporal server', 'pip', 'Go', 'store', 'memory'],
    ]);
    expect(code).toBe(last.ok ? 0 : 1);
    expect(checks.find((check) => check.name === 'ONNX Runtime')?.status).toBe('ok');
  });

  it('plans without training and without a server: rows, pairs, lengths, and what a run would take', async () => {
    const { code, text, last } = await outcome('plan', 'spec.json', '--json', '--store', 'plan-store');
    expect(code).toBe(0);
    expect(text).toMatch(/train: 60 rows, 60 pairs/);
    expect(text).toMatch(/Which number follows 0\?\n.*After 0 comes 1\./);
    expect(text).toMatch(/Tokens a question[^]*█[^]*about \d+:\d\d of training, \d+ MB of memory, \d+ MB of disk/);
    expect(last.pairs).toHaveLength(10);
    expect(last.plan).toMatchObject({ estimate: { seconds: expect.any(Number), memoryMb: expect.any(Number) } });
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});

const { program } = await findServerProgram();
describe.skipIf(!program)('run (needs a Temporal server program: see `finetune doctor`)', { timeout: 400_000 }, () => {
  it('saves at Ctrl-C, goes on after kill -9, ends with the object, is not run twice, and leaves a server that stop ends', async () => {
    // 1. Interrupted by Ctrl-C in training.
    const first = call('run', 'spec.json');
    await until(() => /training, epoch 2/.test(first.text()) || first.process.exitCode !== null, 'epoch 2');
    first.process.kill('SIGINT');
    expect(await first.ended).toBe(130);
    expect(first.text()).toMatch(/Stopping: the trainer saves[^]*`finetune run spec\.json` goes on where it was/);

    // 2. Goes on; the command and the server are killed.
    const second = call('run', 'spec.json');
    await until(() => /training, epoch (?!1\/)/.test(second.text()) || second.process.exitCode !== null, 'more epochs');
    expect(second.text()).toMatch(/is under way; going on with it/);
    const server = await findRunningServer(dbPath());
    second.process.kill('SIGKILL');
    process.kill(server?.pid ?? 0, 'SIGKILL');
    await second.ended;

    // 3. Goes on to the end.
    const { code, text, last } = await outcome('run', 'spec.json', '--json');
    expect(text).toMatch(/Started the Temporal server[^]*is under way; going on with it/);
    expect(code).toBe(0);
    expect(Object.keys(last)).toEqual([
      ...['workflowId', 'runId', 'status', 'model', 'metrics', 'verdict', 'training', 'report'],
    ]);
    expect(last).toMatchObject({
      status: 'COMPLETED',
      model: { path: join(folder, 'out/data/embeddings/tiny'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      training: { pairs: expect.any(Number), peakMemoryMb: expect.any(Number) },
    });
    expect(existsSync(String(last.report))).toBe(true);

    // 4. Complete: nothing is done again, in `run` and in `result`.
    const again = await outcome('run', 'spec.json', '--json');
    expect(again.text).toMatch(/is complete and its inputs are unchanged: nothing to do/);
    expect(again.last).toEqual(last);
    const told = await outcome('result', String(last.workflowId));
    expect(told).toMatchObject({ code: 0, text: expect.stringMatching(/Verdict[^]*report\.html/) });

    // 5. The server is still there, and stop ends it.
    const left = await findRunningServer(dbPath());
    expect((await fetch(left?.uiUrl ?? '')).status).toBe(200);
    expect(await outcome('server', 'stop')).toMatchObject({
      code: 0,
      text: expect.stringMatching(/Stopped the server/),
    });
    expect(await identifyProcess(left?.pid ?? 0)).toBeUndefined();
  });

  it('publishes a complete run again when another one has taken its folder meanwhile', async () => {
    await writeSpec('first.json', { epochs: 1, seed: 1 });
    await writeSpec('second.json', { epochs: 1, seed: 2 });
    const where = ['--json', '--db', join(folder, 'in-turn', 'temporal.db')];
    const weights = (): Promise<string> => sha256OfFile(join(folder, 'out/data/embeddings/tiny/model.safetensors'));
    const published = (last: Record<string, unknown>): string => (last.model as { sha256: string }).sha256;
    const first = await outcome('run', 'first.json', ...where);
    const second = await outcome('run', 'second.json', ...where);
    expect(published(second.last)).not.toBe(published(first.last));
    expect(await weights()).toBe(published(second.last));
    const again = await outcome('run', 'first.json', ...where);
    expect(again.text).not.toContain('nothing to do');
    expect(published(again.last)).toBe(published(first.last));
    expect(await weights()).toBe(published(first.last));
    await outcome('server', 'stop', '--db', join(folder, 'in-turn', 'temporal.db'));
  });

  it('starts no run for somebody who leaves while the Worker is made', async () => {
    const db = join(folder, 'left', 'temporal.db');
    const left = call('run', 'spec.json', '--id', 'left', '--db', db);
    await until(() => /history in .*program/.test(left.text()) || left.process.exitCode !== null, 'the server');
    left.process.kill('SIGINT');
    expect(await left.ended).toBe(130);
    expect(left.text()).toMatch(/Stopping \(Ctrl-C again ends at once\)[^]*Stopped\./);
    const { address } = (await findRunningServer(db))!;
    const told = await outcome('result', 'left', '--address', address, '--json');
    expect(told).toMatchObject({ code: 1, last: { error: { type: 'NotFound' } } });
    await outcome('server', 'stop', '--db', db);
  });

  it('tells a run that runs, or is paused on the server, from one that is closed, and how to follow it there', async () => {
    const extraArgs = ['--dynamic-config-value', 'frontend.WorkflowPauseEnabled=true'];
    const environment = await startTestServer({ extraArgs });
    const { address, client } = environment;
    const workflowId = 'standing still';
    await client.workflow.start('fineTune', { taskQueue: 'elsewhere', workflowId });
    const ask = () => outcome('result', workflowId, '--address', address, '--json');
    const follow = `\`finetune watch 'standing still' --address ${address}\` follows it`;
    const running = await ask();
    expect(running).toMatchObject({ code: 1, last: { workflowId, status: 'RUNNING' } });
    expect(running.text).toContain(`is still running. ${follow}`);
    await client.workflowService.pauseWorkflowExecution({
      ...{ namespace: 'default', workflowId, identity: 'test', reason: 'a test', requestId: 'once' },
    });
    const paused = await ask();
    expect(paused).toMatchObject({ code: 1, last: { workflowId, status: 'PAUSED' } });
    expect(paused.text).toContain(`is paused on the server; unpause it there to go on. ${follow}`);
    await environment.teardown();
  });

  it('says of a run that it no longer waits for that the command was stopped and the run goes on', async () => {
    const environment = await startTestServer();
    const { address, client } = environment;
    await client.workflow.start('fineTune', { taskQueue: 'finetune', workflowId: 'long' });
    for (const words of [
      ['watch', 'long'],
      ['start', 'spec.json', '--id', 'longer'],
    ]) {
      const waiting = call(...words, '--address', address, '--json');
      await until(() => /no Worker polls the queue/.test(waiting.text()), `${words[0]} to wait`);
      waiting.process.kill('SIGINT');
      expect(await waiting.ended).toBe(130);
      const last = JSON.parse(waiting.text().trimEnd().split('\n').pop() ?? '') as unknown;
      expect(last).toMatchObject({ workflowId: words.at(-1), status: 'RUNNING', error: { type: 'Interrupted' } });
    }
    await environment.teardown();
  });

  it('says that it looks at the inputs of a run that is complete, which takes long where no Worker is', async () => {
    const [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
    const { activities } = stubActivities({ trainingTaskQueue: 'gone' });
    const connection = environment.nativeConnection;
    const worker = await Worker.create({ connection, taskQueue: 'gone', activities, workflowBundle });
    const args = [await readSpecFile('spec.json', folder)];
    await worker.runUntil(
      environment.client.workflow.execute('fineTune', { taskQueue: 'gone', workflowId: 'complete', args }),
    );
    const where = ['--address', environment.address, '--task-queue', 'gone'];
    const starting = call('start', 'spec.json', '--id', 'complete', ...where);
    await until(() => starting.text() !== '', 'a word');
    expect(starting.text()).toMatch(/^Complete already; a Worker on the queue "gone" looks whether the inputs/);
    starting.process.kill('SIGKILL');
    await starting.ended;
    await environment.teardown();
  });

  it('serves in the foreground, and ends its server at SIGTERM', async () => {
    const db = join(folder, 'foreground', 'temporal.db');
    const serving = call('server', '--db', db);
    await until(() => /Temporal server 127\.0\.0\.1:\d+/.test(serving.text()), 'the server');
    const server = await findRunningServer(db);
    serving.process.kill('SIGTERM');
    expect(await serving.ended).toBe(0);
    expect(server && (await identifyProcess(server.pid))).toBeUndefined();
    expect(await readFile(join(folder, 'foreground', 'server.json'), 'utf8')).toContain(db);
  });

  it('names the workflows it follows to who asks for another one, and is no failure when `server stop` ends its server', async () => {
    const db = join(folder, 'stopped', 'temporal.db');
    const serving = call('server', '--db', db);
    await until(() => /Temporal server 127\.0\.0\.1:\d+/.test(serving.text()), 'the server');
    const { address } = (await findRunningServer(db))!;
    const connection = await Connection.connect({ address });
    const start = { taskQueue: 'elsewhere', workflowId: 'an-order' };
    await new Client({ connection }).workflow.start('processOrder', start);
    await connection.close();
    for (const name of ['watch', 'result']) {
      expect(await outcome(name, 'an-order', '--address', address)).toMatchObject({
        code: 1,
        text: expect.stringMatching(/types fineTune, .*retrain.*, got an-order of type processOrder/),
      });
    }
    expect(await outcome('server', 'stop', '--db', db)).toMatchObject({ code: 0 });
    expect(await serving.ended).toBe(0);
    expect(serving.text()).toMatch(/Ended by `server stop`/);
  });
});
