// The workflow `retrain` on a real server with stub activities: its ways, and what it does when a part fails.
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenRetrainInput, OpenRetrainResult, RetrainResult, SettleRetrainInput } from '../src/spec/retrain.js';
import type { PinInput } from '../src/spec/preparation-stages.js';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import { stubActivities, stubFailure, type StubOptions } from '../test/support/stub-activities.js';
import { failureOf } from '../test/support/workflow-run.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
});
afterAll(() => environment?.teardown());

const spec = (name: string = randomUUID()) => ({
  model: 'org/model',
  dataset: { source: 'pairs.jsonl' },
  training: { epochs: 1 },
  output: { name },
});
const champion = { version: 3, sha256: 'c', path: '/out/data/champions/x', folder: '/out/data/versions/x-v3' };
const pageOf = async (handle: WorkflowHandle): Promise<string> =>
  (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
const retrainOf = (handle: WorkflowHandle): Promise<RetrainResult> => handle.result() as Promise<RetrainResult>;

/** Runs Workers with stubs around a use of the client. */
async function withWorkers<T>(
  replace: NonNullable<StubOptions['replace']>,
  use: (start: (input?: unknown) => Promise<WorkflowHandle>, ids: string[]) => Promise<T>,
): Promise<T> {
  const taskQueue = `retrain-${randomUUID()}`;
  const trainingTaskQueue = `${taskQueue}-training`;
  const { activities, ids } = stubActivities({ trainingTaskQueue, replace });
  const { nativeConnection: connection, client } = environment;
  const throttle = { maxHeartbeatThrottleInterval: '100ms' } as const;
  const main = await Worker.create({
    connection,
    taskQueue,
    activities,
    workflowBundle,
    maxCachedWorkflows: 0,
    ...throttle,
  });
  const trainer = await Worker.create({ connection, taskQueue: trainingTaskQueue, activities, ...throttle });
  const start = (input?: unknown): Promise<WorkflowHandle> =>
    client.workflow.start('retrain', { taskQueue, workflowId: randomUUID(), args: input === undefined ? [] : [input] });
  return main.runUntil(trainer.runUntil(() => use(start, ids)));
}
const opening = (change: Partial<OpenRetrainResult>): NonNullable<StubOptions['replace']> =>
  ((stubs) => ({
    openRetrain: async (input: OpenRetrainInput) => ({ ...(await stubs.openRetrain(input)), ...change }),
  })) satisfies StubOptions['replace'];

describe('a retrain', () => {
  it('trains a candidate from the base model in a run of its own, promotes it, and tells both in result and memo', async () => {
    const settled: SettleRetrainInput[] = [];
    const replace: StubOptions['replace'] = (stubs) => ({
      settleRetrain: (input) => (settled.push(input), stubs.settleRetrain(input)),
    });
    await withWorkers(replace, async (start, ids) => {
      const handle = await start(spec('support'));
      const result = await retrainOf(handle);
      expect(result).toMatchObject({
        ...{ name: 'support', outcome: 'promoted', why: 'Promoted: a gain is proven.' },
        champion: { version: 1, path: '/out/data/champions/support' },
        candidate: { workflowId: 'retrain-support-01234567', path: '/out/data/embeddings/support-candidate' },
        metrics: { before: { 'ndcg@10': 0.5 }, after: { 'ndcg@10': 0.6 } },
      });
      expect(ids[0]).toBe('open-retrain');
      expect(ids.slice(-2)).toEqual(['settle-retrain', 'promote-champion']);
      expect(ids).not.toContain('place-champion');
      expect(await pageOf(handle)).toMatch(
        /^### support · promoted\n\nPromoted: a gain is proven.*champions\/support\n.*report/s,
      );
      expect((await handle.describe()).memo).toMatchObject({ outcome: 'promoted', champion: { version: 1 } });
      const child = await environment.client.workflow.getHandle('retrain-support-01234567').describe();
      expect(child.raw.workflowExecutionInfo?.parentExecution?.workflowId).toBe(handle.workflowId);
    });
    expect(settled).toMatchObject([
      {
        start: 'start',
        candidate: {
          artifacts: { before: { kind: 'evaluation', key: '0.5' }, after: { kind: 'evaluation', key: '0.6' } },
        },
      },
    ]);
    expect(settled[0]).not.toHaveProperty('champion');
  });

  it('trains from the champion’s folder, on the data that was looked at', async () => {
    const dataset = { type: 'hub' as const, id: 'org/data', commit: 'f00d' };
    const pinned: PinInput[] = [];
    const replace: StubOptions['replace'] = (stubs) => ({
      ...opening({ champion, dataset })(stubs),
      placeChampion: () => Promise.resolve({ champion }),
      pinInputs: (input) => (pinned.push(input), stubs.pinInputs(input)),
      settleRetrain: () => Promise.resolve({ outcome: 'notPromoted', why: 'no gain' }),
    });
    await withWorkers(replace, async (start, ids) => {
      const result = await retrainOf(await start(spec('x')));
      expect(result).toMatchObject({ outcome: 'notPromoted', why: 'no gain', champion });
      expect(pinned[0]?.spec).toMatchObject({
        model: { source: champion.folder },
        output: { name: 'x-candidate' },
      });
      expect(pinned[0]?.pins).toEqual({ dataset });
      expect(pinned[0]?.spec).not.toHaveProperty('retrain');
      expect(ids).toContain('place-champion');
      expect(ids).not.toContain('promote-champion');
    });
  });

  it('ends at once when nothing has changed', async () => {
    await withWorkers(opening({ unchanged: 'Nothing has changed.' }), async (start, ids) => {
      const result = await retrainOf(await start(spec()));
      expect(result).toMatchObject({ outcome: 'unchanged', why: 'Nothing has changed.' });
      expect(result).not.toHaveProperty('champion');
      expect(ids).toEqual(['open-retrain']);
    });
  });

  it('puts the path of what stands in order also when nothing has changed', async () => {
    const rolledBack = { ...champion, version: 2 };
    const replace: StubOptions['replace'] = (stubs) => ({
      ...opening({ champion, unchanged: 'Nothing has changed.' })(stubs),
      placeChampion: () => Promise.resolve({ champion: rolledBack }),
    });
    await withWorkers(replace, async (start, ids) => {
      const result = await retrainOf(await start(spec()));
      expect(result).toMatchObject({ outcome: 'unchanged', why: 'Nothing has changed.', champion: rolledBack });
      expect(ids).toEqual(['open-retrain', 'place-champion']);
    });
  });

  it('ends when another retrain of the same champion is at work', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const replace: StubOptions['replace'] = (stubs) => ({
      trainEpoch: async (input) => {
        await released;
        return stubs.trainEpoch(input);
      },
    });
    await withWorkers(replace, async (start, ids) => {
      const input = spec();
      const first = await start(input);
      await expect.poll(() => ids, { timeout: 30_000 }).toContain('train-epoch-1');
      expect(await pageOf(first)).toMatch(/fine-tuning the candidate\n\n.*trained by the workflow retrain-/s);
      expect(await first.query('getProgress')).toMatchObject({
        doing: 'fine-tuning the candidate',
        candidate: `retrain-${input.output.name}-01234567`,
      });
      const second = await retrainOf(await start(input));
      expect(second).toMatchObject({ outcome: 'busy' });
      expect(second.why).toContain(`retrain-${input.output.name}-01234567`);
      release();
      expect(await retrainOf(first)).toMatchObject({ outcome: 'promoted' });
    });
  });

  it('fails with the type and the message of a training that failed', async () => {
    const replace: StubOptions['replace'] = () => ({
      trainEpoch: () => Promise.reject(stubFailure('NonFiniteLoss', true)),
    });
    await withWorkers(replace, async (start) => {
      const failure = await failureOf(await start(spec()));
      expect(failure).toMatchObject({ type: 'NonFiniteLoss', message: 'NonFiniteLoss happened' });
    });
  });

  it('makes a stored result again that settling finds damaged', async () => {
    let damaged = true;
    const replace: StubOptions['replace'] = (stubs) => ({
      settleRetrain: (input) => {
        if (!damaged) return stubs.settleRetrain(input);
        damaged = false;
        throw stubFailure('ArtifactDamaged', false);
      },
    });
    await withWorkers(replace, async (start, ids) => {
      expect(await retrainOf(await start(spec()))).toMatchObject({ outcome: 'promoted' });
      expect(ids.filter((id) => id === 'publish-model')).toHaveLength(2);
      expect(ids.slice(-2)).toEqual(['settle-retrain-again-1', 'promote-champion']);
    });
  });

  it('that is cancelled lets the candidate’s training save, and is cancelled then', async () => {
    let saved = false;
    const replace: StubOptions['replace'] = (stubs) => ({
      trainEpoch: async (input) => {
        const activity = Context.current();
        const beat = setInterval(() => activity.heartbeat(), 20);
        await activity.cancelled.catch(() => clearInterval(beat));
        saved = true;
        return { ...(await stubs.trainEpoch(input)), finished: false };
      },
    });
    await withWorkers(replace, async (start, ids) => {
      const handle = await start(spec());
      await expect.poll(() => ids, { timeout: 30_000 }).toContain('train-epoch-1');
      await handle.cancel();
      await handle.result().catch(() => undefined);
      expect((await handle.describe()).status.name).toBe('CANCELLED');
      expect(saved).toBe(true);
    });
  });

  it('refuses a wrong spec with the place and what is known there, and none with an example', async () => {
    await withWorkers(
      () => ({ openRetrain: () => Promise.reject(ApplicationFailure.nonRetryable('must not be called')) }),
      async (start) => {
        const wrong = await failureOf(await start({ ...spec(), retrain: { smallestGian: 0.1 } }));
        expect(wrong).toMatchObject({ type: 'InvalidSpec' });
        expect(wrong.message).toMatch(/retrain\.smallestGian: unknown key.*did you mean "smallestGain"/);
        const long = await failureOf(await start(spec('n'.repeat(90))));
        expect(long.message).toMatch(/at most 80 characters, got 90/);
        expect((await failureOf(await start())).message).toMatch(/For example: \{"model"/);
      },
    );
  });
});
