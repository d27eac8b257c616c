// docs/several-runs.md: its specs parse, its table tells the defaults, and its code runs as it stands there, with stub activities.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseChain, stepsOf } from '../src/spec/chain.js';
import { parseSweep, trialsOf } from '../src/spec/sweep.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { stubActivities } from './support/stub-activities.js';

const root = fileURLToPath(new URL('..', import.meta.url));
let page: string;
beforeAll(async () => {
  page = await readFile(join(root, 'docs/several-runs.md'), 'utf8');
});
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);

describe('docs/several-runs.md', { timeout: 120_000 }, () => {
  it('shows a sweep and a chain that parse', () => {
    const [sweep, chain] = blocks('json').map((text) => JSON.parse(text) as unknown);
    expect(trialsOf(parseSweep(sweep))).toHaveLength(12);
    expect(stepsOf(parseChain(chain)).map(({ name }) => name)).toEqual(['public-questions', 'tickets']);
  });

  it('tells the defaults of a sweep', () => {
    const told = new Map([...page.matchAll(/^\| `(\w+)` \| `([^`]+)` \|/gm)].map(([, key, value]) => [key!, value!]));
    const { base, ...defaults } = parseSweep({ base: { model: 'm', dataset: 'd' }, models: ['m', 'n'] });
    expect(base.training.keep).toBe('best');
    for (const key of ['settings', 'parallel', 'halving'] as const) {
      expect(JSON.parse(told.get(key)!), key).toEqual(defaults[key]);
    }
  });

  it('shows code that runs', async () => {
    const environment = await startTestServer();
    const folder = await mkdtemp(join(tmpdir(), 'several-docs-'));
    try {
      const { activities } = stubActivities({ trainingTaskQueue: 'finetune' });
      const worker = await Worker.create({
        ...{ connection: environment.nativeConnection, taskQueue: 'finetune', activities },
        workflowBundle: await bundleWorkflows(),
      });
      const [code] = blocks('ts');
      const script = join(folder, 'script.mjs');
      await writeFile(
        script,
        code!
          .replace(`'@temporalio/client'`, `'${import.meta.resolve('@temporalio/client')}'`)
          .replace(`'temporal-finetune/client'`, `'${pathToFileURL(join(root, 'dist/src/client.js')).href}'`) +
          '\nprocess.exit(0);\n',
      );
      const env = { PATH: process.env.PATH, TEMPORAL_ADDRESS: environment.address };
      const { stdout } = await worker.runUntil(() => promisify(execFile)(process.execPath, [script], { env }));
      expect(stdout).toMatch(/learningRate 0\.00001 \/out\/data\/embeddings\/\S+ \[ 'best', 'stopped' \] \/out\/data/);
    } finally {
      await environment.teardown();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
