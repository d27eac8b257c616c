// The package in a project of somebody else, installed from its tarball: the newcomer's path of examples/own-worker to the first finished run,
// CommonJS and ES module users with their types, and a Worker that was bundled into one file. Takes a minute or two and asks the package
// registry, so it runs in continuous integration and by `npm run test:package`.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FineTuneResult } from '../src/client.js';
import { startTestServer } from './support/server.js';

const root = join(import.meta.dirname, '..');
const enabled = process.env.PACKAGE === '1';

describe.skipIf(!enabled)('the package, installed (skipped: PACKAGE=1 runs it)', { timeout: 400_000 }, () => {
  let project: string;
  let printed: string;
  let server: TestWorkflowEnvironment;
  beforeAll(async () => {
    project = await realpath(await mkdtemp(join(tmpdir(), 'package-installed-')));
    printed = execFileSync(join(root, 'scripts', 'newcomer.sh'), [project], {
      encoding: 'utf8',
      env: { ...process.env, NPM_FLAGS: '--prefer-offline' },
    });
    server = await startTestServer();
  }, 400_000);
  afterAll(async () => {
    await server?.teardown();
    await rm(project, { recursive: true, force: true });
  });

  const run = (program: string, args: string[], env: NodeJS.ProcessEnv = {}): string =>
    execFileSync(program, args, { cwd: project, encoding: 'utf8', env: { ...process.env, ...env }, stdio: 'pipe' });

  it('leads a newcomer from npm install to a finished run of their own workflow', async () => {
    console.log(printed);
    expect(printed).toMatch(/NDCG@10 0\.\d+ → 0\.\d+ \((improved|unclear|worse)\)/);
    expect(printed).toMatch(/newcomer: \d+ s from npm install to the first finished run/);
    expect(existsSync(join(project, 'finetuned/data/embeddings/support-encoder/modules.json'))).toBe(true);
  });

  it('is required by CommonJS code without a warning, and TypeScript knows its types in every mode', async () => {
    await writeFile(
      join(project, 'consumer.cts'),
      `import { FineTunePlugin, type WorkerSettings } from 'temporal-finetune';
       import { startFineTune, type FineTuneResult } from 'temporal-finetune/client';
       import { fineTuneLocally } from 'temporal-finetune/training';
       import { fineTune } from 'temporal-finetune/workflows';
       const settings: WorkerSettings = { store: 'store', dataFolders: ['.'] };
       const verdictOf = ({ verdict }: FineTuneResult): 'improved' | 'unclear' | 'worse' => verdict.verdict;
       // @ts-expect-error: a number is no store.
       void (() => new FineTunePlugin({ store: 1 }));
       console.log([new FineTunePlugin(settings).name, typeof startFineTune, typeof fineTuneLocally, typeof fineTune, typeof verdictOf].join());`,
    );
    await writeFile(
      join(project, 'consumer.mts'),
      `import { FineTunePlugin } from 'temporal-finetune'; // @ts-expect-error: a number is no store.
       export const plugin = new FineTunePlugin({ store: 1 });`,
    );
    const tsc = (...args: string[]): string =>
      run('node_modules/.bin/tsc', [...args, '--strict', '--skipLibCheck', '--target', 'es2022', '--types', 'node']);
    for (const module of ['node16', 'nodenext']) tsc('consumer.cts', 'consumer.mts', '--module', module);
    const old = (await readFile(join(project, 'consumer.cts'), 'utf8')).replace('.cts', '.ts');
    await mkdir(join(project, 'old'));
    await writeFile(join(project, 'old', 'consumer.ts'), old);
    tsc('old/consumer.ts', '--module', 'commonjs', '--moduleResolution', 'node10', '--noEmit');
    const { stdout, stderr } = await runQuietly(process.execPath, ['consumer.cjs']);
    expect(stdout.trim()).toBe('temporal-finetune,function,function,function,function');
    expect(stderr).toBe('');
  });

  it('works in a Worker that was bundled into one file, with the trainer given by its path', async () => {
    await mkdir(join(project, 'bundled'));
    const plugin =
      "new FineTunePlugin({ store: 'bundled/store', trainerPath: fileURLToPath(import.meta.resolve('temporal-finetune/trainer')) })";
    await writeFile(
      join(project, 'bundled/make.mjs'),
      `import { writeFile } from 'node:fs/promises';
       import { resolve } from 'node:path';
       import { bundleWorkflowCode } from '@temporalio/worker';
       import { FineTunePlugin } from 'temporal-finetune';
       const plugins = [new FineTunePlugin({ store: 'bundled/store' })];
       const { code } = await bundleWorkflowCode({ workflowsPath: resolve('lib/workflows.js'), plugins });
       await writeFile('bundled/workflows.cjs', code);`,
    );
    await writeFile(
      join(project, 'bundled/source.mjs'),
      `import { fileURLToPath } from 'node:url';
       import { NativeConnection, Worker } from '@temporalio/worker';
       import { FineTunePlugin } from 'temporal-finetune';
       import * as activities from '../lib/activities.js';
       const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
       const worker = await Worker.create({
         ...{ connection, taskQueue: 'bundled', activities, workflowBundle: { codePath: 'bundled/workflows.cjs' } },
         plugins: [${plugin}],
       });
       await worker.run();
       await connection.close();`,
    );
    run(process.execPath, ['bundled/make.mjs']);
    await build({
      absWorkingDir: project,
      entryPoints: ['bundled/source.mjs'],
      outfile: 'bundled/worker.mjs',
      ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
      // What has native parts or finds its files by itself stays outside.
      external: ['@temporalio/*', '@duckdb/node-api', '@node-rs/crc32'],
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    await rm(join(project, 'bundled/source.mjs'));
    const worker = spawn(process.execPath, ['bundled/worker.mjs'], {
      cwd: project,
      env: { ...process.env, TEMPORAL_ADDRESS: server.address },
      stdio: 'inherit',
    });
    const ended = new Promise<never>((_, reject) =>
      worker.once('exit', (code) => reject(new Error(`the bundled Worker ended with ${code}`))),
    );
    try {
      const result = await Promise.race([
        server.client.workflow.execute('learnFromTickets', { taskQueue: 'bundled', workflowId: 'bundled', args: [1] }),
        ended,
      ]);
      expect((result as FineTuneResult).model.path).toMatch(/support-encoder$/);
    } finally {
      worker.kill('SIGTERM');
      await ended.catch(() => undefined);
    }
  });

  function runQuietly(program: string, args: string[]): Promise<{ stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      const child = spawn(program, args, { cwd: project });
      const text = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk) => (text.stdout += chunk));
      child.stderr.on('data', (chunk) => (text.stderr += chunk));
      child.on('close', () => resolve(text));
    });
  }
});
