// The code and the commands of docs/client.md, docs/failures.md, docs/security.md and docs/ui.md, run as they stand there against a
// development server with stub activities.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FINAL_ERROR_TYPES, RETRYABLE_ERROR_TYPES } from '../src/errors.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { stubActivities } from './support/stub-activities.js';
import { SteppedTraining } from './support/workflow-run.js';

const root = fileURLToPath(new URL('..', import.meta.url));
let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let folder: string;
const pages = new Map<string, string>();

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
  folder = await mkdtemp(join(tmpdir(), 'ways-in-docs-'));
  for (const page of ['client', 'failures', 'security', 'ui']) {
    pages.set(page, await readFile(join(root, 'docs', `${page}.md`), 'utf8'));
  }
});
afterAll(async () => {
  await environment?.teardown();
  await rm(folder, { recursive: true, force: true });
});

const blocks = (page: string, language: string): string[] =>
  [...pages.get(page)!.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);

let scripts = 0;
/** Runs a block of code in a process of its own. @returns what it printed. */
async function run(code: string): Promise<string> {
  const script = join(folder, `script-${scripts++}.mjs`);
  const places = {
    '@temporalio/client': import.meta.resolve('@temporalio/client'),
    '@temporalio/worker': import.meta.resolve('@temporalio/worker'),
    'temporal-finetune/training': pathToFileURL(join(root, 'dist/src/training.js')).href,
    'temporal-finetune/client': pathToFileURL(join(root, 'dist/src/client.js')).href,
    'temporal-finetune': pathToFileURL(join(root, 'dist/src/index.js')).href,
  };
  let text = code;
  for (const [name, place] of Object.entries(places)) text = text.replace(`from '${name}'`, `from '${place}'`);
  await writeFile(script, text);
  const env = { PATH: process.env.PATH, TEMPORAL_ADDRESS: environment.address, TMPDIR: folder };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script], { cwd: folder, env });
  return stdout + stderr;
}

/** Workers with stub activities around a use. */
async function withStubs<T>(
  replace: Parameters<typeof stubActivities>[0]['replace'],
  use: () => Promise<T>,
): Promise<T> {
  const { nativeConnection: connection } = environment;
  const trainingTaskQueue = 'finetune-training';
  const { activities } = stubActivities({ trainingTaskQueue, ...(replace && { replace }) });
  const common = { connection, activities, maxHeartbeatThrottleInterval: '100ms' } as const;
  const main = await Worker.create({ ...common, taskQueue: 'finetune', workflowBundle });
  const training = await Worker.create({ ...common, taskQueue: trainingTaskQueue });
  return main.runUntil(training.runUntil(use));
}

describe('docs/client.md', { timeout: 60_000 }, () => {
  it('shows a start by the helper and one by the plain client, which both end', async () => {
    const [helper, plain] = blocks('client', 'ts');
    await withStubs(undefined, async () => {
      expect(await run(helper!)).toMatch(
        /^started support-encoder-[0-9a-f]{10}\nimproved 0\.5 0\.65 \/out\/data\S+ d{64}\n/,
      );
      expect(await run(plain!)).toBe('improved\n');
    });
  });

  it('shows how to ask a run that trains, and how to steer it', async () => {
    const stepped = new SteppedTraining(4);
    const result = await withStubs(stepped.replace, async () => {
      const handle = await environment.client.workflow.start('fineTune', {
        ...{ taskQueue: 'finetune', workflowId: 'a-run-that-trains' },
        args: [{ model: 'org/model', dataset: 'pairs.jsonl', training: { epochs: 3 } }],
      });
      await stepped.reached(4);
      const printed = await run(blocks('client', 'ts')[2]!);
      expect(printed).toMatch(/^train 1 \d+\n5 epochs in all \(before: 3\)/);
      expect(printed).toContain('learningRate is a number above 0 and at most 1, got -1');
      stepped.allow(1000);
      return (await handle.result()) as FineTuneResult;
    });
    expect(result.metrics.epochs).toHaveLength(5);
  });

  it('shows a Worker with other times, which runs', async () => {
    const [, , , times] = blocks('client', 'ts');
    await run(times!);
    const { pollers } = await environment.client.workflowService.describeTaskQueue({
      ...{ namespace: 'default', taskQueue: { name: 'big-machines' }, taskQueueType: 2 },
    });
    expect(pollers).toHaveLength(1);
  });
});

describe('docs/client.md, without Temporal', { timeout: 60_000 }, () => {
  it('shows a call that trains and publishes', async () => {
    await cp(join(root, 'examples/encoder/model'), join(folder, 'encoder'), { recursive: true });
    const rows = Array.from({ length: 40 }, (_, i) => ({ question: `What follows ${i}?`, answer: `It is ${i + 1}.` }));
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await writeFile(join(folder, 'support-tickets.jsonl'), lines);
    const printed = await run(blocks('client', 'ts').at(-1)!);
    expect(printed).toMatch(/^train: \d+ of \d+ steps$/m);
    expect(printed).toMatch(
      /^(improved|unclear|worse) [\d.]+ [\d.]+ \/\S+\/finetuned\/data\/embeddings\/support-encoder$/m,
    );
  });
});

describe('docs/failures.md', { timeout: 60_000 }, () => {
  it('lists every type of failure under what becomes of the run, and no other', () => {
    const [, final = '', retried = ''] = pages.get('failures')!.split(/^## .*$/m);
    const typesOf = (part: string): string[] => [...part.matchAll(/^\| `(\w+)` \|/gm)].map(([, type]) => type!);
    expect(typesOf(final)).toEqual([...FINAL_ERROR_TYPES]);
    expect(typesOf(retried)).toEqual([...RETRYABLE_ERROR_TYPES, 'UnexpectedError', 'ArtifactDamaged']);
  });

  it('names every type that the workflows, the activities and the command give by themselves', async () => {
    const texts = await Promise.all(
      ['workflows', 'activities', 'src/cli'].map(async (room) => {
        const names = await readdir(join(root, room), { recursive: true });
        const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
        return Promise.all(sources.map((name) => readFile(join(root, room, name), 'utf8')));
      }),
    );
    const given = /(?:\btype: |\bfailure\(\s*|nonRetryable\(\w+, )'([A-Z]\w+)'/g;
    const types = texts.flat().flatMap((text) => [...text.matchAll(given)].map(([, type]) => type!));
    expect(types).toEqual(expect.arrayContaining(['InvalidUpdate', 'UnexpectedError', 'NoDiskSpace', 'Usage']));
    expect(types.filter((type) => !pages.get('failures')!.includes(`\`${type}\``))).toEqual([]);
  });

  it('shows code that tells a failure’s type', async () => {
    const refuse = (): never => {
      throw ApplicationFailure.nonRetryable('dataset.source: no such file', 'SourceNotFound');
    };
    const printed = await withStubs(
      () => ({ pinInputs: async () => refuse() }),
      () => run(blocks('failures', 'ts')[0]!),
    );
    expect(printed).toBe('SourceNotFound: dataset.source: no such file\n');
  });
});

describe('docs/security.md', { timeout: 60_000 }, () => {
  it('shows a Worker with borders, which runs', async () => {
    await run(blocks('security', 'ts')[0]!);
    const { pollers } = await environment.client.workflowService.describeTaskQueue({
      ...{ namespace: 'default', taskQueue: { name: 'bordered' }, taskQueueType: 1 },
    });
    expect(pollers).toHaveLength(1);
  });

  it('shows only options that the commands have', async () => {
    const lines = blocks('security', 'sh').flatMap((block) => block.trim().split('\n'));
    expect(lines).toHaveLength(7);
    const help = new Map<string, string>();
    for (const line of lines) {
      const [, command = ''] = /^npx finetune (\w+)/.exec(line) ?? [];
      if (!help.has(command)) {
        const words = [join(root, 'dist/src/cli/main.js'), command, '--help'];
        help.set(command, (await promisify(execFile)(process.execPath, words)).stdout);
      }
      for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(help.get(command)).toContain(`${option} `);
    }
  });
});
