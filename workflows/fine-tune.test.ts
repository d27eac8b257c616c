// The workflow on a real development server, with stub activities: order, ids, retries, failures, pause, cancel, repair.
import { CancelledFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARTIFACT_DAMAGED } from '../src/errors.js';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import { stubFailure, type StubOptions } from '../test/support/stub-activities.js';
import { failureOf, resultOf, STUB_SPEC, withStubRun } from '../test/support/workflow-run.js';
import type { RunProgress } from './progress.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
});
afterAll(() => environment?.teardown());

const SPEC = STUB_SPEC;
const result = resultOf;

/** Runs Workers with the stubs around a use of the workflow. */
const withRun = <T>(
  input: unknown,
  options: Partial<StubOptions>,
  use: (handle: WorkflowHandle, ids: string[], queues: Map<string, string>) => Promise<T>,
): Promise<T> =>
  withStubRun({ environment, workflowBundle }, input, options, ({ handle, ids, queues }) => use(handle, ids, queues));

describe('a run', () => {
  it('goes through all stages in order, under readable ids, and returns what it made', async () => {
    await withRun(SPEC, {}, async (handle, ids, queues) => {
      const outcome = await result(handle);
      expect(ids).toEqual([
        'pin-inputs',
        'download-model',
        'download-dataset',
        'transform-pairs',
        'split-pairs',
        'build-corpus',
        'plan-training',
        'evaluate-before',
        'train-epoch-1',
        'evaluate-epoch-1',
        'train-epoch-2',
        'evaluate-epoch-2',
        'train-epoch-3',
        'evaluate-epoch-3',
        'publish-model',
      ]);
      expect(outcome).toMatchObject({
        publishedEpoch: 3,
        bitIdentical: true,
        warnings: ['2 rows had no answer'],
        training: { pairs: 234, seconds: 14, pairsPerSecond: 234 / 14, peakMemoryMb: 303 },
        inputsSha256: 'f'.repeat(64),
      });
      expect(outcome.metrics.before['ndcg@10']).toBe(0.5);
      expect(outcome.metrics.after['ndcg@10']).toBe(0.65);
      expect(outcome.metrics.epochs.map(({ metrics }) => metrics['ndcg@10'])).toEqual([0.6, 0.7, 0.65]);
      const trainingIds = [...queues].filter(([, queue]) => queue.endsWith('-training')).map(([id]) => id);
      expect(trainingIds).toEqual(ids.slice(6));
      const { events } = await handle.fetchHistory();
      const scheduled = events!.flatMap(({ activityTaskScheduledEventAttributes: activity }) => activity ?? []);
      expect(scheduled).toHaveLength(ids.length);
      // A Worker's death is noticed after this long, and no attempt is the last one.
      for (const { heartbeatTimeout, retryPolicy } of scheduled) {
        expect([Number(heartbeatTimeout?.seconds), retryPolicy?.maximumAttempts ?? 0]).toEqual([30, 0]);
      }
    });
  });

  it('tells where it stands by queries, and leaves its result in the memo', async () => {
    await withRun(SPEC, {}, async (handle) => {
      await handle.result();
      expect(await handle.query('getProgress')).toMatchObject({
        stage: 'done',
        fraction: 1,
        epoch: 3,
        pairs: 78,
        totalSteps: 24,
      });
      expect(await handle.query('getMetrics')).toMatchObject({
        before: { 'ndcg@10': 0.5 },
        epochs: [{ epoch: 1, meanLoss: 1 }, { epoch: 2 }, { epoch: 3, metrics: { 'ndcg@10': 0.65 } }],
        publishedEpoch: 3,
      });
      const metadata = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      expect(metadata.currentDetails).toMatch(/done.*<svg.*<polyline.*Verdict: improved/s);
      const { memo } = await handle.describe();
      expect(memo).toMatchObject({
        model: { sha256: 'd'.repeat(64) },
        verdict: { verdict: 'improved' },
        metrics: { before: { 'ndcg@10': 0.5 }, after: { 'ndcg@10': 0.65 } },
      });
    });
  });

  it('skips transform and split when the files are ready', async () => {
    const spec = { ...SPEC, dataset: { train: 'a.json', test: 'b.json' }, training: { epochs: 1 } };
    await withRun(spec, {}, async (handle, ids) => {
      await handle.result();
      expect(ids.slice(0, 5)).toEqual([
        'pin-inputs',
        'download-model',
        'download-dataset',
        'build-corpus',
        'plan-training',
      ]);
    });
  });

  it('publishes the epoch that is best on the validation part, whatever the test part says', async () => {
    const spec = { ...SPEC, training: { epochs: 3, keep: 'best' } };
    const chosen: (number | undefined)[] = [];
    const replace: StubOptions['replace'] = (stubs) => ({
      trainEpoch: (input) => {
        chosen.push(input.chosen?.step);
        return stubs.trainEpoch(input);
      },
    });
    const options = { replace, test: [0.5, 0.9, 0.6, 0.95], validation: [0, 0.8, 0.6, 0.8] };
    await withRun(spec, options, async (handle, ids) => {
      const outcome = await result(handle);
      expect(outcome.publishedEpoch).toBe(1);
      expect(outcome.metrics.after['ndcg@10']).toBe(0.9);
      expect(ids.filter((id) => id.startsWith('validate'))).toHaveLength(3);
      // The trainer hears whose tensors are to stay.
      expect(chosen).toEqual([undefined, 8, 8]);
    });
  });

  it('of which one epoch met another kind of machine is not bit-identical, and says why', async () => {
    const difference = 'Training goes on from a checkpoint of another kind of machine (…)';
    const replace: StubOptions['replace'] = (stubs) => ({
      trainEpoch: async (input) => {
        const trained = await stubs.trainEpoch(input);
        return input.epoch === 2 ? { ...trained, bitIdentical: false, warnings: [difference] } : trained;
      },
    });
    await withRun(SPEC, { replace }, async (handle) => {
      const outcome = await result(handle);
      expect(outcome.bitIdentical).toBe(false);
      expect(outcome.warnings).toContain(difference);
    });
  });

  it('that is to keep the best but has no validation part fails at once and says what to do', async () => {
    const replace: StubOptions['replace'] = (stubs) => ({
      buildCorpus: async (input) => stubs.buildCorpus({ ...input, keep: 'last' }),
    });
    await withRun({ ...SPEC, training: { keep: 'best' } }, { replace }, async (handle) => {
      expect(await failureOf(handle)).toMatchObject({
        type: 'InvalidData',
        message: expect.stringContaining('validation'),
      });
    });
  });
});

describe('a bad start', () => {
  it('without an argument fails and says what is needed, with an example', async () => {
    await withRun(undefined, {}, async (handle, ids) => {
      expect(await failureOf(handle)).toMatchObject({
        type: 'InvalidSpec',
        message: expect.stringMatching(/a JSON object is needed.*"model"/),
      });
      expect(ids).toEqual([]);
    });
  });

  it('with an unknown key fails and names the nearest known one', async () => {
    await withRun({ ...SPEC, trainning: {} }, {}, async (handle) => {
      expect((await failureOf(handle)).message).toMatch(/did you mean "training"/);
    });
  });
});

describe('an activity that fails', () => {
  it('for good ends the run at once, with its type and message on top', async () => {
    let calls = 0;
    const replace: StubOptions['replace'] = () => ({
      transformPairs: async () => {
        calls++;
        throw stubFailure('InvalidData', true);
      },
    });
    await withRun(SPEC, { replace }, async (handle) => {
      expect(await failureOf(handle)).toMatchObject({ type: 'InvalidData', message: 'InvalidData happened' });
      expect(calls).toBe(1);
    });
  });

  it('in passing is tried again, and the run completes', async () => {
    let calls = 0;
    const replace: StubOptions['replace'] = (stubs) => ({
      trainEpoch: async (input) => {
        if (input.epoch === 2 && ++calls < 3) throw stubFailure('TrainerDied', false);
        return stubs.trainEpoch(input);
      },
    });
    await withRun(SPEC, { replace }, async (handle) => {
      expect(await result(handle)).toMatchObject({ publishedEpoch: 3 });
      expect(calls).toBe(3);
    });
  });

  it('because an earlier result is damaged sends the run back through the stages, under ids of their own', async () => {
    let damaged = true;
    const replace: StubOptions['replace'] = (stubs) => ({
      trainEpoch: async (input) => {
        if (input.epoch === 2 && damaged) {
          damaged = false;
          throw stubFailure(ARTIFACT_DAMAGED, false);
        }
        return stubs.trainEpoch(input);
      },
    });
    await withRun(SPEC, { replace }, async (handle, ids) => {
      const outcome = await result(handle);
      expect(outcome.warnings).toContainEqual(expect.stringContaining('made again (1 of at most 3'));
      expect(outcome.metrics.epochs).toHaveLength(3);
      expect(ids.slice(ids.indexOf('train-epoch-2'))).toEqual([
        'train-epoch-2',
        'pin-inputs-again-1',
        'download-model-again-1',
        'download-dataset-again-1',
        'transform-pairs-again-1',
        'split-pairs-again-1',
        'build-corpus-again-1',
        'plan-training-again-1',
        'evaluate-before-again-1',
        'train-epoch-1-again-1',
        'evaluate-epoch-1-again-1',
        'train-epoch-2-again-1',
        'evaluate-epoch-2-again-1',
        'train-epoch-3-again-1',
        'evaluate-epoch-3-again-1',
        'publish-model-again-1',
      ]);
    });
  });

  it('because of damage again and again ends the run after three repairs', async () => {
    let calls = 0;
    const replace: StubOptions['replace'] = () => ({
      buildCorpus: async () => {
        calls++;
        throw stubFailure(ARTIFACT_DAMAGED, false);
      },
    });
    await withRun(SPEC, { replace }, async (handle) => {
      expect(await failureOf(handle)).toMatchObject({ type: ARTIFACT_DAMAGED });
      expect(calls).toBe(4);
    });
  });

  it('because local files were lost, which are others now, ends the run and says so', async () => {
    let pins = 0;
    const replace: StubOptions['replace'] = (stubs) => ({
      pinInputs: async (input) => {
        const dataset = { type: 'local' as const, label: 'pairs.jsonl', snapshot: { kind: 's', key: `k${pins++}` } };
        return { ...(await stubs.pinInputs(input)), dataset };
      },
      buildCorpus: async () => {
        throw stubFailure(ARTIFACT_DAMAGED, false);
      },
    });
    await withRun(SPEC, { replace }, async (handle) => {
      expect((await failureOf(handle)).message).toMatch(/dataset: the files that the run began with/);
    });
  });
});

/** An epoch that saves and returns when it is asked to stop, as the real one does; the second call goes on to the end. */
function stoppableEpoch(epoch: number, whatEnded: string[], begun: () => void): StubOptions['replace'] {
  let stopped = false;
  return (stubs) => ({
    trainEpoch: async (input) => {
      if (input.epoch !== epoch || stopped) return stubs.trainEpoch(input);
      const activity = Context.current();
      const beat = setInterval(() => activity.heartbeat({ stage: 'train' }), 20);
      begun();
      try {
        await activity.cancelled;
      } catch (error) {
        expect(error).toBeInstanceOf(CancelledFailure);
        stopped = true;
        whatEnded.push(activity.cancellationDetails?.cancelRequested ? 'cancelRequested' : 'other');
      } finally {
        clearInterval(beat);
      }
      return { ...(await stubs.trainEpoch(input)), finished: false };
    },
  });
}

describe('a run in training', () => {
  it('that is cancelled lets the epoch save, and ends as cancelled', async () => {
    const ended: string[] = [];
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    await withRun(SPEC, { replace: stoppableEpoch(2, ended, () => begin()) }, async (handle, ids) => {
      await begun;
      await handle.cancel();
      expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
      expect(ended).toEqual(['cancelRequested']);
      expect(ids).not.toContain('evaluate-epoch-2');
      expect((await handle.describe()).status.name).toBe('CANCELLED');
    });
  });

  it('that is paused saves, waits, and goes on with the same epoch', async () => {
    const ended: string[] = [];
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    await withRun(SPEC, { replace: stoppableEpoch(2, ended, () => begin()) }, async (handle, ids) => {
      await begun;
      await handle.signal('pause');
      await expect
        .poll(async () => [ended.length, (await handle.query<RunProgress>('getProgress')).paused], {
          timeout: 30_000,
        })
        .toEqual([1, true]);
      await handle.signal('resume');
      expect(await result(handle)).toMatchObject({ publishedEpoch: 3 });
      expect(ids.filter((id) => id === 'train-epoch-2')).toHaveLength(2);
    });
  });
});
