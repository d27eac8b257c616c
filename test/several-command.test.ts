// `finetune sweep` and `finetune chain` as processes of their own, on a tiny encoder: the table at the end, the object for programs, and
// that what is complete is found again.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChainResult, SweepResult } from '../src/spec/comparison.js';
import { stopServer } from '../src/temporal/server.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

const command = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
if (!existsSync(command)) throw new Error(`${command} is missing: run "npm run build" first`);

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'several-command-')));
  const pairs = Array.from({ length: 60 }, (_, i) => ({
    question: `Which number follows ${i}?`,
    answer: `After ${i} comes ${i + 1}.`,
  }));
  const write = (name: string, rows: object[]): Promise<void> =>
    writeFile(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await write('low.jsonl', pairs.slice(0, 30));
  await write('high.jsonl', pairs.slice(30));
  await writeTinyTokenizer(
    join(folder, 'tokenizer'),
    pairs.flatMap(({ question, answer }) => [question, answer]),
  );
  const shape = { hiddenSize: 32, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 64 };
  const model = { random: { tokenizer: './tokenizer', maxPositionEmbeddings: 64, ...shape } };
  const dataset = { source: 'low.jsonl', testRatio: 0.3, validationRatio: 0.3 };
  const training = { epochs: 2, batchSize: 4 };
  const specs = {
    'sweep.json': {
      base: { model, dataset, training, output: { name: 'swept', directory: 'out' } },
      settings: { learningRate: [1e-5, 1e-3] },
    },
    'chain.json': {
      base: { model, training, output: { name: 'tower', directory: 'out' } },
      steps: [
        { dataset: { ...dataset, source: 'low.jsonl' } },
        { dataset: { ...dataset, source: 'high.jsonl' }, training: { epochs: 1 } },
      ],
    },
    'wrong.json': { base: { model, dataset }, setings: {} },
  };
  for (const [name, spec] of Object.entries(specs)) await writeFile(join(folder, name), JSON.stringify(spec));
});
afterAll(async () => {
  await stopServer(join(folder, '.finetune', 'server', 'temporal.db'));
  await rm(folder, { recursive: true, force: true });
});

interface Outcome<Result> {
  code: number | null;
  /** What people read. */
  text: string;
  last: { workflowId: string; runId: string; status: string; model: { path: string } | null; result: Result };
}

async function outcome<Result>(...args: string[]): Promise<Outcome<Result>> {
  const { TEMPORAL_ADDRESS: _address, TEMPORAL_PROFILE: _profile, npm_lifecycle_event: _event, ...rest } = process.env;
  const env = { ...rest, NO_COLOR: '1' };
  const child = spawn(process.execPath, [command, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [text, json] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (json += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, text, last: JSON.parse(json) as Outcome<Result>['last'] };
}

describe('finetune sweep', { timeout: 240_000 }, () => {
  it('prints the table of the trials and the object for programs, and finds it complete when called again', async () => {
    const first = await outcome<SweepResult>('sweep', 'sweep.json', '--json');
    expect(first.text).toMatch(/│ +1 │ learningRate 0\.00001 │ +\d │/);
    expect(first.text).toMatch(/Best +trial \d: learningRate/);
    expect(first).toMatchObject({
      code: 0,
      last: { status: 'COMPLETED', model: { path: join(folder, 'out/data/embeddings/swept') } },
    });
    expect(first.last.result.trials.map(({ trial }) => trial)).toEqual([1, 2]);
    expect(existsSync(first.last.result.report)).toBe(true);

    const again = await outcome<SweepResult>('sweep', 'sweep.json', '--json');
    expect(again.text).toContain('is complete and its inputs are unchanged: nothing to do');
    expect(again.last.runId).toBe(first.last.runId);

    const told = await outcome<SweepResult>('result', first.last.workflowId, '--json');
    expect(told.last.result).toEqual(first.last.result);
  });

  it('names the nearest key of a wrong spec and exits with 2', async () => {
    const { code, text, last } = await outcome('sweep', 'wrong.json', '--json');
    expect({ code, status: last.status }).toEqual({ code: 2, status: 'INVALID' });
    expect(text).toContain('did you mean "settings"');
  });
});

describe('finetune chain', { timeout: 240_000 }, () => {
  it('is started without waiting, joined, and prints every model on every test part', async () => {
    // Nobody waits, and nobody works yet.
    const detached = await outcome<null>('chain', 'chain.json', '--detach', '--json');
    expect(detached).toMatchObject({ code: 0, last: { status: 'RUNNING', result: null } });
    expect(detached.text).toContain(`watch ${detached.last.workflowId}`);

    const { code, text, last } = await outcome<ChainResult>('chain', 'chain.json', '--json');
    expect(text).toContain(`The chain ${detached.last.workflowId} is under way; going on with it`);
    expect({ code, status: last.status }).toEqual({ code: 0, status: 'COMPLETED' });
    expect(text).toMatch(/│ after step 2 +│ +0\.\d{4} │ +0\.\d{4} │/);
    expect(last.model!.path).toBe(join(folder, 'out/data/embeddings/tower-2-high'));
    expect(last.result.matrix.map(({ length }) => length)).toEqual([2, 2, 2]);
  });
});
