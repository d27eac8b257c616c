// A whole run by hand: the real Temporal UI in a real browser, on a real server with real activities and the quickstart's encoder. Its
// pages are kept as pictures when PICTURES names a folder (`npm run pictures`).
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities, TrainerPool } from '../../activities/index.js';
import { startForm } from '../../src/cli/follow.js';
import type { SweepResult } from '../../src/spec/comparison.js';
import type { FineTuneResult } from '../../src/spec/publishing-stages.js';
import type { SweepSpecInput } from '../../src/spec/sweep.js';
import type { RunMetrics, RunProgress } from '../../workflows/progress.js';
import { bundleWorkflows, startTestServer } from '../support/server.js';
import { chromiumPath, openBrowser, TemporalUi } from './ui-pages.js';

const PICTURES = process.env.PICTURES;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TASK_QUEUE = 'finetune';

/** The spec of docs/ui.md: the quickstart's, with more and smaller steps, so that there is time to look. */
const SPEC = JSON.parse(/```json\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'docs/ui.md'), 'utf8'))![1]!) as object;

let environment: TestWorkflowEnvironment;
let folder: string;
let browser: Browser;
let ui: TemporalUi;
let uiUrl: string;
let working: Promise<void>[] = [];
const workers: Worker[] = [];
let trainers: TrainerPool;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** It takes more than a minute: part of continuous integration, and of `npm test` only where BROWSER is set. */
const isAsked = process.env.BROWSER !== undefined;

describe.skipIf(chromiumPath === undefined || !isAsked)(
  `the Temporal UI (${chromiumPath === undefined ? 'needs chromium: apt-get install -y chromium' : 'npm run test:browser'})`,
  () => {
    beforeAll(async () => {
      const uiPort = await freePort();
      uiUrl = `http://127.0.0.1:${uiPort}`;
      folder = await mkdtemp(join(tmpdir(), 'ui-'));
      for (const name of ['encoder', 'elements']) {
        await cp(join(ROOT, 'examples', name), join(folder, 'examples', name), { recursive: true });
      }
      const [started, workflowBundle] = await Promise.all([startTestServer({ ui: true, uiPort }), bundleWorkflows()]);
      environment = started;
      const settings = {
        store: join(folder, 'store'),
        dataFolders: [folder],
        trainingTaskQueue: `${TASK_QUEUE}-training`,
        trainerPath: join(ROOT, 'dist/src/trainer/child.js'),
        reportEverySeconds: 1,
      };
      trainers = new TrainerPool(settings);
      const activities = createActivities(settings, trainers);
      const common = {
        connection: environment.nativeConnection,
        activities,
        maxHeartbeatThrottleInterval: '1s',
      } as const;
      workers.push(await Worker.create({ ...common, taskQueue: TASK_QUEUE, workflowBundle }));
      const one = { maxConcurrentActivityTaskExecutions: 1 };
      workers.push(await Worker.create({ ...common, ...one, taskQueue: settings.trainingTaskQueue }));
      working = workers.map((worker) => worker.run());
      const opened = await openBrowser();
      browser = opened.browser;
      ui = new TemporalUi(opened.page, uiUrl);
    });

    afterAll(async () => {
      await browser?.close();
      workers.forEach((worker) => worker.shutdown());
      await Promise.all(working);
      await trainers?.close();
      await environment?.teardown();
      await rm(folder, { recursive: true, force: true });
    });

    const handle = () => environment.client.workflow.getHandle('by-hand');
    const progress = () => handle().query<RunProgress>('getProgress');
    const until = (read: () => Promise<unknown>, value: unknown) =>
      expect.poll(read, { timeout: 90_000 }).toEqual(value);

    it(
      'starts a run from its form, shows the curve, pauses, resumes, and changes the rate',
      { timeout: 900_000 },
      async () => {
        const json = JSON.stringify(SPEC, undefined, 2);
        await ui.start({ workflowId: 'by-hand', taskQueue: TASK_QUEUE, workflowType: 'fineTune', json });
        expect((await handle().describe()).type).toBe('fineTune');

        // The curve of the loss is drawn while the first epochs are trained.
        const training = await ui.detailsWith('by-hand', /training, epoch \d of 3[\s\S]*<polyline/, 120_000);
        expect(training).toMatch(/<progress/);
        expect(training).toContain('Loss by step');
        expect(training).toContain(
          `report, at the end: ${folder}/finetuned/data/embeddings/elements-encoder/report.html`,
        );

        // The heartbeat of the running activity, readable, and the summaries on the timeline.
        await ui.open('by-hand', 'pending-activities');
        await ui.page
          .getByText(/"?pairsPerSecond"?/)
          .first()
          .waitFor();
        await ui.open('by-hand', 'timeline');
        await ui.page
          .getByText(/Epoch 1 of 3: \d+ steps, rate 0\.001/)
          .first()
          .waitFor();

        await ui.send('signal', 'pause');
        await until(async () => (await progress()).paused, true);
        expect(await ui.detailsWith('by-hand', /paused/)).toContain('paused, ');
        await ui.send('signal', 'resume');
        await until(async () => (await progress()).paused, false);

        // A bad value's error is told in the dialog, and changes nothing.
        await ui.send('update', 'setLearningRate', '{"learningRate": -1}');
        await ui.page.getByText('learningRate is a number above 0 and at most 1, got -1').first().waitFor();
        expect((await progress()).changes).toEqual([]);
        await ui.page.keyboard.press('Escape');

        await ui.open('by-hand', 'user-metadata');
        await ui.send('update', 'setLearningRate', '{"learningRate": 0.0005}');
        await until(async () => (await progress()).changes.map(({ learningRate }) => learningRate), [0.0005]);

        const result = (await handle().result()) as FineTuneResult;
        expect(result.verdict.verdict).toBe('improved');
        expect((await handle().query<RunMetrics>('getMetrics')).epochs).toHaveLength(3);
        const done = await ui.detailsWith('by-hand', /Verdict/);
        expect(done).toMatch(/changed by hand/);
        expect(done).toContain(result.model.sha256);
        expect(done).toMatch(/event: reset to it to train again/);
        // When no Worker runs the page is empty; the memo still tells.
        // High enough that the page's editor, which draws what is seen, draws all of it.
        await ui.page.setViewportSize({ width: 1200, height: 4000 });
        await ui.open('by-hand', 'memo');
        const memo = () => ui.page.locator('body').innerText();
        await expect.poll(memo, { timeout: 20_000 }).toContain(result.model.sha256);
        const parts = ['ndcg@10', 'before', 'after', 'improved', result.model.path];
        const shown = await memo();
        expect(parts.filter((part) => !shown.includes(part))).toEqual([]);
        await ui.page.setViewportSize({ width: 1200, height: 900 });
        if (PICTURES) {
          await ui.page.setViewportSize({ width: 1200, height: 1500 });
          await ui.open('by-hand', 'user-metadata');
          await ui.details().locator('svg').waitFor();
          await ui.page.screenshot({ path: join(PICTURES, 'ui-run.png') });
        }
      },
    );

    it(
      'starts a sweep from the form, and shows the trials and the best on its page',
      { timeout: 300_000 },
      async () => {
        const sweep = JSON.parse(await readFile(join(ROOT, 'examples/sweep.json'), 'utf8')) as SweepSpecInput;
        const { base } = sweep;
        const json = JSON.stringify({
          base: {
            ...base,
            model: './examples/encoder/model',
            dataset: { ...(base.dataset as object), source: './examples/elements/light-elements.jsonl' },
            training: { epochs: 1, batchSize: 32 },
          },
          settings: { learningRate: [1e-4, 1e-3] },
        });
        await ui.start({ workflowId: 'swept', taskQueue: TASK_QUEUE, workflowType: 'sweep', json });
        await ui.detailsWith('swept', /running now, each with a page of its own/);
        const { best, report } = (await environment.client.workflow.getHandle('swept').result()) as SweepResult;
        const done = await ui.detailsWith('swept', /Best: trial/);
        expect(done).toContain('Validation NDCG@10 by epoch');
        for (const shown of [best.model.path, best.model.sha256, report]) expect(done).toContain(shown);
        // Nothing is wider than the column that the page gives it.
        const widths = await ui
          .details()
          .locator('pre')
          .evaluateAll((tables) => tables.map((table) => table.scrollWidth - table.clientWidth));
        expect(widths).toEqual([0]);
      },
    );

    it('opens the start form filled in, by the link that the command prints', { timeout: 60_000 }, async () => {
      // The UI adds the input of the newest run of the type.
      const newest = await environment.client.workflow.start('fineTune', {
        ...{ workflowId: 'newest', taskQueue: 'nobody-works-here' },
        args: [{ model: 'org/template', dataset: 'pairs.jsonl' }],
      });
      await newest.terminate('only its input is needed');
      const link = startForm({ address: environment.address, namespace: 'default', uiUrl }, TASK_QUEUE);
      const form = await ui.formAt(link!);
      expect(form).toMatchObject({ workflowType: 'fineTune', taskQueue: TASK_QUEUE });
      expect(form.json).toContain('org/template');
    });

    it('says what is needed when nothing is given, with an example to copy', { timeout: 90_000 }, async () => {
      await ui.start({ workflowId: 'nothing', taskQueue: TASK_QUEUE, workflowType: 'fineTune' });
      const run = environment.client.workflow.getHandle('nothing');
      await expect.poll(async () => (await run.describe()).status.name, { timeout: 30_000 }).toBe('FAILED');
      await ui.open('nothing', 'history');
      await ui.page.getByText('For example: {').first().waitFor();
    });

    it('tells what is wrong with a bad spec', { timeout: 90_000 }, async () => {
      const json = '{"model": "org/model", "dataset": "pairs.jsonl", "trainning": {"epochs": 2}}';
      await ui.start({ workflowId: 'bad-spec', taskQueue: TASK_QUEUE, workflowType: 'fineTune', json });
      await expect
        .poll(async () => (await environment.client.workflow.getHandle('bad-spec').describe()).status.name, {
          timeout: 30_000,
        })
        .toBe('FAILED');
      await ui.open('bad-spec', 'history');
      await ui.page.getByText('did you mean "training"').first().waitFor();
    });

    it(
      'creates a schedule of retrains from its form, with the policies that a retrain needs',
      { timeout: 90_000 },
      async () => {
        const name = 'retrain-support-encoder';
        const json = JSON.stringify({ ...SPEC, output: { name: 'support-encoder', directory: 'finetuned' } });
        await ui.createSchedule({
          name,
          workflowId: name,
          workflowType: 'retrain',
          taskQueue: TASK_QUEUE,
          json,
          strict: true,
        });
        const read = async (): Promise<unknown> => {
          const { action, policies } = await environment.client.schedule.getHandle(name).describe();
          return { type: action.workflowType, ...policies };
        };
        await expect
          .poll(() => read().catch(() => undefined))
          .toEqual({ type: 'retrain', overlap: 'SKIP', catchupWindow: 24 * 3_600_000, pauseOnFailure: true });
      },
    );

    it('creates a schedule from its form', { timeout: 90_000 }, async () => {
      const json = JSON.stringify(SPEC);
      await ui.createSchedule({
        name: 'nightly',
        workflowId: 'nightly-run',
        workflowType: 'fineTune',
        taskQueue: TASK_QUEUE,
        json,
      });
      await expect
        .poll(async () => {
          const schedule = environment.client.schedule.getHandle('nightly');
          return schedule.describe().then(
            ({ action }) => [action.workflowType, action.taskQueue],
            () => undefined,
          );
        })
        .toEqual(['fineTune', TASK_QUEUE]);
    });
  },
);
