// Schedules of retrains on the development server, by the command and by the client, with stub activities: what is made, what an
// overlapping start and a failure do. Weeks go by in retrain-month.test.ts; retrain-docs.test.ts calls every part of the command.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRetrainSchedule,
  defaultScheduleId,
  listRetrainSchedules,
  retrainSchedule,
  updateRetrainSchedule,
} from '../src/client.js';
import type { RetrainSpecInput } from '../src/client.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { stubActivities, stubFailure, type StubOptions } from './support/stub-activities.js';

const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const HOUR_MS = 3_600_000;
let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'retrain-schedule-')));
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
});
afterAll(async () => {
  await environment?.teardown();
  await rm(folder, { recursive: true, force: true });
});

const specNamed = (name: string): RetrainSpecInput => ({
  model: 'org/model',
  dataset: { source: './pairs.jsonl' },
  training: { epochs: 1 },
  output: { name },
});

interface Called {
  code: number | null;
  /** What people read. */
  shown: string;
  out: Record<string, unknown>;
}

/** Calls `finetune …` on the test's server; its exit code and what it printed. */
async function finetune(...args: string[]): Promise<Called> {
  const all = [main, ...args, '--address', environment.address, '--json'];
  const env = { ...process.env, NO_COLOR: '1' };
  const child = spawn(process.execPath, all, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [text, shown] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, shown, out: JSON.parse(text.trimEnd().split('\n').pop() ?? '') as Record<string, unknown> };
}
const schedule = (...args: string[]): Promise<Called> => finetune('schedule', ...args);

async function withWorkers<T>(
  taskQueue: string,
  replace: NonNullable<StubOptions['replace']>,
  use: (ids: string[]) => Promise<T>,
): Promise<T> {
  const trainingTaskQueue = `${taskQueue}-training`;
  const { activities, ids } = stubActivities({ trainingTaskQueue, replace });
  const { nativeConnection: connection } = environment;
  const worker = await Worker.create({ connection, taskQueue, activities, workflowBundle });
  const trainer = await Worker.create({ connection, taskQueue: trainingTaskQueue, activities });
  return worker.runUntil(trainer.runUntil(() => use(ids)));
}
const describeSchedule = (id: string) => environment.client.schedule.getHandle(id).describe();

describe('finetune schedule', () => {
  it('makes and changes a Schedule, whose pause stays', { timeout: 120_000 }, async () => {
    await writeFile(join(folder, 'support.json'), JSON.stringify(specNamed('support')));
    const made = await schedule(
      'create',
      'support.json',
      '--cron',
      '0 3 1 * *',
      '--timezone',
      'Europe/Berlin',
      '--task-queue',
      'own',
    );
    expect(made).toMatchObject({ code: 0, out: { scheduleId: 'retrain-support', paused: false } });
    const { action, policies, spec } = await describeSchedule('retrain-support');
    expect(policies).toEqual({ overlap: 'SKIP', catchupWindow: 24 * HOUR_MS, pauseOnFailure: true });
    expect(spec).toMatchObject({
      timezone: 'Europe/Berlin',
      calendars: [{ dayOfMonth: [{ start: 1 }], hour: [{ start: 3 }] }],
    });
    // As the UI starts it: the type, the queue, and one JSON object; paths are absolute, because a Worker reads them.
    expect(action).toMatchObject({
      ...{ workflowType: 'retrain', taskQueue: 'own', workflowId: 'retrain-support' },
      args: [{ dataset: { source: join(folder, 'pairs.jsonl') }, retrain: { smallestGain: 0 } }],
    });

    const again = await schedule('create', 'support.json', '--every', '30d');
    expect(again).toMatchObject({
      code: 2,
      out: {
        error: {
          message: expect.stringMatching(
            new RegExp(
              `is there already\\. .*schedule update support\\.json --address ${environment.address}. changes it`,
            ),
          ) as string,
        },
      },
    });

    const spec2 = { ...specNamed('support'), retrain: { smallestGain: 0.01 } };
    await writeFile(join(folder, 'support.json'), JSON.stringify(spec2));
    const handle = environment.client.schedule.getHandle('retrain-support');
    await handle.pause('holidays');
    await schedule('update', 'support.json', '--catch-up', '2h', '--overlap', 'bufferOne');
    const changed = await describeSchedule('retrain-support');
    expect(changed.policies).toEqual({ overlap: 'BUFFER_ONE', catchupWindow: 2 * HOUR_MS, pauseOnFailure: true });
    expect(changed.action.args).toMatchObject([{ retrain: { smallestGain: 0.01 } }]);
    expect(changed.spec.calendars).toEqual(spec.calendars);
    expect(changed.action.taskQueue).toBe('own');
    expect(changed.state.paused).toBe(true);

    await expect
      .poll(() => listRetrainSchedules(environment.client), { timeout: 20_000 })
      .toMatchObject([{ scheduleId: 'retrain-support', paused: true, note: 'holidays' }]);
    await handle.delete();
    await expect(describeSchedule('retrain-support')).rejects.toThrow(/not found/i);
    const gone = await schedule('trigger', 'retrain-support');
    expect(gone).toMatchObject({
      code: 2,
      out: { error: { message: expect.stringContaining('schedule list') as string } },
    });
  });
});

describe('a Schedule', () => {
  it('leaves out a start while the retrain before goes on', async () => {
    const taskQueue = `schedule-${randomUUID()}`;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const replace: StubOptions['replace'] = (stubs) => ({
      trainEpoch: async (input) => {
        await released;
        return stubs.trainEpoch(input);
      },
    });
    await withWorkers(taskQueue, replace, async (ids) => {
      const handle = await createRetrainSchedule(environment.client, specNamed('overlap'), {
        taskQueue,
        everyMs: 30 * 24 * HOUR_MS,
      });
      await handle.trigger('SKIP');
      await expect.poll(() => ids, { timeout: 30_000 }).toContain('train-epoch-1');
      expect((await schedule('trigger', handle.scheduleId)).code).toBe(0);
      await expect
        .poll(async () => (await handle.describe()).info.numActionsSkippedOverlap, { timeout: 20_000 })
        .toBe(1);
      const { recentActions, numActionsTaken } = (await handle.describe()).info;
      expect(numActionsTaken).toBe(1);
      const { workflowId } = recentActions[0]!.action.workflow;
      expect(workflowId).toMatch(/^retrain-overlap-2/);
      const watching = finetune('watch', workflowId);
      release();
      expect(await environment.client.workflow.getHandle(workflowId).result()).toMatchObject({ outcome: 'promoted' });
      // Its result is not that of a fine-tuning: both commands know it, and say why.
      for (const told of [await watching, await finetune('result', workflowId)]) {
        expect(told).toMatchObject({ code: 0, out: { status: 'COMPLETED', result: { outcome: 'promoted' } } });
        expect(told.shown).toMatch(/Outcome +promoted\nPromoted: a gain is proven\.[\s\S]*Champion +version 1, \/out/);
      }
      const described = await schedule('describe', handle.scheduleId);
      expect(described).toMatchObject({
        code: 0,
        out: { recent: [{ workflowId, end: 'promoted' }], times: ['every 30d'] },
      });
      expect(described.shown).toContain('overlap SKIP, catch-up 1d, pauses when a retrain fails');
      await handle.delete();
    });
  });

  it('pauses when a retrain fails, and not when a candidate is not promoted', async () => {
    const taskQueue = `schedule-${randomUUID()}`;
    let fails = false;
    const replace: StubOptions['replace'] = () => ({
      settleRetrain: () =>
        fails
          ? Promise.reject(stubFailure('InvalidData', true))
          : Promise.resolve({ outcome: 'notPromoted', why: 'no gain' }),
    });
    await withWorkers(taskQueue, replace, async () => {
      const handle = await createRetrainSchedule(environment.client, specNamed('failing'), {
        taskQueue,
        cron: '0 3 1 * *',
      });
      const endOfNext = async (count: number): Promise<unknown> => {
        await handle.trigger('SKIP');
        await expect.poll(async () => (await handle.describe()).info.numActionsTaken, { timeout: 20_000 }).toBe(count);
        const { workflowId } = (await handle.describe()).info.recentActions.at(-1)!.action.workflow;
        return environment.client.workflow.getHandle(workflowId).result();
      };
      expect(await endOfNext(1)).toMatchObject({ outcome: 'notPromoted' });
      expect((await handle.describe()).state.paused).toBe(false);
      fails = true;
      await expect(endOfNext(2)).rejects.toThrow();
      await expect.poll(async () => (await handle.describe()).state.paused, { timeout: 20_000 }).toBe(true);
      expect((await handle.describe()).state.note).toMatch(/paused due to workflow failure/i);
      await handle.delete();
    });
  });
});

describe('the client', () => {
  it('names a Schedule by the champion, and takes one of cron and interval', () => {
    expect(defaultScheduleId(specNamed('support'))).toBe('retrain-support');
    expect(retrainSchedule(specNamed('a'), { everyMs: 1000 }).spec).toEqual({ intervals: [{ every: 1000 }] });
    for (const times of [{}, { cron: '@monthly', everyMs: 1000 }]) {
      expect(() => retrainSchedule(specNamed('a'), times)).toThrow(/one of cron and every is needed/);
    }
  });

  it('keeps time zone and jitter of a Schedule whose times it changes', async () => {
    const { client } = environment;
    const times = { cron: '0 3 1 * *', timezone: 'Europe/Berlin', jitterMs: 60_000 };
    const { scheduleId } = await createRetrainSchedule(client, specNamed('zoned'), times);
    const zone = { timezone: 'Europe/Berlin', jitter: 60_000 };
    await updateRetrainSchedule(client, specNamed('zoned'), { cron: '0 4 2 * *' });
    const calendars = [{ dayOfMonth: [{ start: 2 }], hour: [{ start: 4 }] }];
    expect((await describeSchedule(scheduleId)).spec).toMatchObject({ ...zone, calendars });
    await updateRetrainSchedule(client, specNamed('zoned'), { everyMs: HOUR_MS });
    const { spec } = await describeSchedule(scheduleId);
    expect(spec).toMatchObject({ ...zone, intervals: [{ every: HOUR_MS }] });
    expect(spec.calendars ?? []).toEqual([]);
    await updateRetrainSchedule(client, specNamed('zoned'), { everyMs: HOUR_MS, timezone: 'UTC', jitterMs: 0 });
    const changed = (await describeSchedule(scheduleId)).spec;
    expect([changed.timezone, changed.jitter ?? 0]).toEqual(['UTC', 0]);
    await client.schedule.getHandle(scheduleId).delete();
  });

  it("keeps what a team put on a Schedule's action, but for the spec", async () => {
    const { client } = environment;
    const options = retrainSchedule(specNamed('decked'), { everyMs: HOUR_MS });
    const theirs = {
      ...{ workflowId: 'team-retrain', taskQueue: 'team', staticDetails: 'ask the search team' },
      ...{ workflowExecutionTimeout: 48 * HOUR_MS, memo: { owner: 'search-team' }, priority: { priorityKey: 4 } },
      retry: { maximumAttempts: 3 },
    };
    await client.schedule.create({ ...options, action: { ...options.action, ...theirs } });
    await updateRetrainSchedule(client, { ...specNamed('decked'), training: { epochs: 2 } }, {});
    const { action } = await describeSchedule(options.scheduleId);
    expect(action).toMatchObject({ ...theirs, workflowType: 'retrain', args: [{ training: { epochs: 2 } }] });
    await updateRetrainSchedule(client, specNamed('decked'), { taskQueue: 'other' });
    expect((await describeSchedule(options.scheduleId)).action).toMatchObject({ ...theirs, taskQueue: 'other' });
    await client.schedule.getHandle(options.scheduleId).delete();
  });

  it('is not made of a Schedule of something else that has its id', async () => {
    const { client } = environment;
    const { scheduleId } = retrainSchedule(specNamed('taken'), { everyMs: HOUR_MS });
    const action = { type: 'startWorkflow' as const, workflowType: 'sendInvoices', taskQueue: 'billing', args: [7] };
    await client.schedule.create({ scheduleId, spec: { intervals: [{ every: HOUR_MS }] }, action });
    await expect(updateRetrainSchedule(client, specNamed('taken'), {})).rejects.toMatchObject({
      type: 'InvalidSpec',
      message: expect.stringContaining('which starts "sendInvoices"') as string,
    });
    expect((await describeSchedule(scheduleId)).action).toMatchObject({ workflowType: 'sendInvoices', args: [7] });
    await client.schedule.getHandle(scheduleId).delete();
  });

  it('refuses a wrong spec before anything is sent', async () => {
    const wrong = { ...specNamed('a'), retrain: { smallestGain: -1 } };
    await expect(createRetrainSchedule(environment.client, wrong, { cron: '@monthly' })).rejects.toMatchObject({
      type: 'InvalidSpec',
    });
    await expect(updateRetrainSchedule(environment.client, specNamed('nobody'), {})).rejects.toThrow(/not found/i);
  });
});
