// The commands and the code of docs/retrain.md, run as they stand there (`npx finetune` is the built command).
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addToChampionLog, readChampionLog } from '../src/artifacts/champion-log.js';
import { sha256 } from '../src/artifacts/hash.js';
import { openLocalStore } from '../src/artifacts/local-store.js';
import { placeChampion, takeVersion } from '../src/publishing/champion-folder.js';
import { parseRetrainSpec } from '../src/spec/retrain.js';
import { startTestServer } from './support/server.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = join(root, 'dist/src/cli/main.js');
let environment: TestWorkflowEnvironment;
let folder: string;
let page: string;

beforeAll(async () => {
  environment = await startTestServer();
  folder = await realpath(await mkdtemp(join(tmpdir(), 'retrain-docs-')));
  page = await readFile(join(root, 'docs/retrain.md'), 'utf8');
  await writeFile(join(folder, 'retrain.json'), blocks('json')[0]!);
});
afterAll(async () => {
  await environment?.teardown();
  await rm(folder, { recursive: true, force: true });
});

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);

/** Runs the lines of a block of commands, one after the other. @returns what each printed. */
async function run(block: string): Promise<string[]> {
  const env = { ...process.env, TEMPORAL_ADDRESS: environment.address, NO_COLOR: '1' };
  const printed: string[] = [];
  for (const line of block.trim().split('\n')) {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
    expect(words.splice(0, 2)).toEqual(['npx', 'finetune']);
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...words], { cwd: folder, env });
    printed.push(stdout);
  }
  return printed;
}

describe('docs/retrain.md', () => {
  it('shows a spec that parses, and tells the default of each of its own keys', () => {
    expect(blocks('json')).toHaveLength(1);
    const { retrain } = parseRetrainSpec({ ...(JSON.parse(blocks('json')[0]!) as object), retrain: {} });
    for (const [key, value] of Object.entries(retrain)) expect(page).toContain(`| \`${key}\` | \`${value}\` |`);
  });

  it('shows commands that make, change and delete a Schedule', { timeout: 120_000 }, async () => {
    const [create, , described, trigger, pause, update, resume, gone] = await run(blocks('sh')[0]!);
    expect(create).toMatch(/Made retrain-support-encoder\n {2}next 20\d\d-\d\d-01 0[12]:00/);
    expect(described).toMatch(/when +0 3 1 \* \* \(Europe\/Berlin\)/);
    expect(trigger).toMatch(/Triggered retrain-support-encoder/);
    expect(pause).toMatch(/Paused retrain-support-encoder \(paused\)/);
    expect(update).toMatch(/Changed retrain-support-encoder \(paused\)/);
    expect(resume).toMatch(/Resumed retrain-support-encoder\n/);
    expect(gone).toMatch(/Deleted retrain-support-encoder/);
    // What the trigger started waits for a Worker, under the id that the page tells.
    const started = async (): Promise<string[]> => {
      const ids: string[] = [];
      for await (const { workflowId, type } of environment.client.workflow.list())
        if (type === 'retrain') ids.push(workflowId);
      return ids;
    };
    await expect.poll(started, { timeout: 20_000 }).toHaveLength(1);
    expect(await started()).toEqual([expect.stringMatching(/^retrain-support-encoder-20/)]);
  });

  it('shows code that makes a Schedule', async () => {
    const script = join(folder, 'schedule.mjs');
    const places = {
      '@temporalio/client': import.meta.resolve('@temporalio/client'),
      'temporal-finetune/client': pathToFileURL(join(root, 'dist/src/client.js')).href,
    };
    let code = blocks('ts')[0]!;
    for (const [name, place] of Object.entries(places)) code = code.replace(`'${name}'`, `'${place}'`);
    await writeFile(script, code);
    const env = { ...process.env, TEMPORAL_ADDRESS: environment.address };
    await promisify(execFile)(process.execPath, [script], { env });
    const { state, action } = await environment.client.schedule.getHandle('retrain-from-code').describe();
    expect(state).toMatchObject({ paused: true, note: 'not yet' });
    expect(action.args).toMatchObject([{ dataset: { source: '/data/support-tickets.jsonl' } }]);
  });

  it('shows commands that take a champion back, and to a given version', async () => {
    const store = await openLocalStore({ folder: join(folder, '.finetune'), create: true });
    for (const weights of ['one', 'two']) {
      const made = join(folder, weights);
      await mkdir(made);
      await writeFile(join(made, 'model.safetensors'), weights);
      const files = await takeVersion(made, { store, signal: new AbortController().signal, progress: () => undefined });
      const version = { sha256: sha256(weights), files, trainedOn: files, directory: join(folder, 'finetuned') };
      const entry = { event: 'promoted', at: '2026-11-24T03:00:00.000Z', by: 'w', why: '', version } as const;
      await addToChampionLog(store, 'support-encoder', await readChampionLog(store, 'support-encoder'), entry);
      await placeChampion({ store }, 'support-encoder', version.directory);
    }
    const [list, back, to] = await run(blocks('sh')[1]!);
    expect(list).toMatch(/\* +│ 2 +│ 2026-11-24T03:00 │ promoted/);
    expect(back).toContain('version 2 is no longer the champion, version 1 is');
    expect(to).toContain('version 1 is no longer the champion, version 2 is');
    const path = join(folder, 'finetuned/data/champions/support-encoder');
    expect(await readlink(path)).toBe('../versions/support-encoder-v2');
  });
});
