// Runs of very many epochs: they continue as new, with all that was asked of them, and no payload grows.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EpochSummary } from '../src/spec/evaluation-stages.js';
import type { PublishInput } from '../src/spec/publishing-stages.js';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import { damagingOnce, type StubOptions } from '../test/support/stub-activities.js';
import { resultOf, SteppedTraining, STUB_SPEC, withStubRun } from '../test/support/workflow-run.js';
import type { RunMetrics, RunProgress } from './progress.js';

/** The server's own is 4096; the shorter the histories, the more often a run continues. */
const SUGGESTED_EVENTS = 250;
const LARGEST_PAYLOAD = 16 * 1024;
/** All of a thousand take some minutes. */
const EPOCHS = Number(process.env.MANY_EPOCHS ?? 60);

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  const extraArgs = ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${SUGGESTED_EVENTS}`];
  [environment, workflowBundle] = await Promise.all([startTestServer({ extraArgs }), bundleWorkflows()]);
});
afterAll(() => environment?.teardown());

/** Every payload of every run of the chain, newest first; and how many events each has. */
async function histories(workflowId: string): Promise<{ events: number[]; payloads: number[] }> {
  const { client } = environment;
  const events: number[] = [];
  const payloads: number[] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('metadata' in value && 'data' in value && value.data instanceof Uint8Array) {
      payloads.push(value.data.byteLength);
      return;
    }
    Object.values(value).forEach(collect);
  };
  let runId: string | undefined = (await client.workflow.getHandle(workflowId).describe()).runId;
  while (runId) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    events.push(history.events?.length ?? 0);
    collect(history.events);
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  return { events, payloads };
}

/** Results as large as real ones: some twenty metrics on two parts. */
const realistic =
  (published: (input: PublishInput) => void, kept: EpochSummary[][]): StubOptions['replace'] =>
  (stubs) => ({
    evaluateModel: async (input) => {
      const result = await stubs.evaluateModel(input);
      const names = ['accuracy', 'precision', 'recall', 'ndcg', 'mrr', 'map'].flatMap((name) =>
        [1, 3, 5, 10].map((cutoff) => `${name}@${cutoff}`),
      );
      const metrics = Object.fromEntries(names.map((name, index) => [name, 0.123456789012345 + index / 100]));
      return {
        ...result,
        artifact: { kind: 'evaluation', key: 'e'.repeat(64) },
        metrics: { ...metrics, ...result.metrics },
      };
    },
    trainEpoch: async (input) => {
      const result = await stubs.trainEpoch(input);
      const losses = Array.from(
        { length: 24 },
        (_, index) => [input.epoch * 8 + index / 3, 0.1234] as [number, number],
      );
      return { ...result, losses };
    },
    keepEpochs: async (input) => {
      kept.push(input.epochs);
      return stubs.keepEpochs(input);
    },
    publishModel: async (input) => {
      published(input);
      return stubs.publishModel(input);
    },
  });

describe(`a run of ${EPOCHS} epochs`, () => {
  it('continues as new, keeps every payload under 16 KB, and publishes every epoch', { timeout: 600_000 }, async () => {
    let published: PublishInput | undefined;
    const kept: EpochSummary[][] = [];
    const replace = realistic((input) => (published = input), kept);
    const validation = Array.from({ length: EPOCHS + 1 }, (_, epoch) => (epoch === 7 ? 0.9 : 0.5));
    const spec = { ...STUB_SPEC, training: { epochs: EPOCHS, keep: 'best' } };
    const options = { replace, validation, maxCachedWorkflows: 10 };
    await withStubRun({ environment, workflowBundle }, spec, options, async ({ handle }) => {
      const result = await resultOf(handle);
      expect(result.publishedEpoch).toBe(7);
      expect(result.metrics.epochs.length).toBeLessThanOrEqual(60);
      expect(result.metrics.epochs.at(-1)?.epoch).toBe(EPOCHS);
      expect(result.training.pairs).toBe(78 * EPOCHS);
      const epochs = [...kept.flat(), ...published!.epochs].map(({ epoch }) => epoch);
      expect(epochs).toEqual(Array.from({ length: EPOCHS }, (_, index) => index + 1));
      expect(published!.earlierEpochs).toEqual({ kind: 'epochs', key: String(kept.length) });
      const { events, payloads } = await histories(handle.workflowId);
      expect(events.length).toBeGreaterThan(2);
      expect(Math.max(...events)).toBeLessThan(SUGGESTED_EVENTS + 100);
      expect(Math.max(...payloads)).toBeLessThan(LARGEST_PAYLOAD);
      const metrics = await environment.client.workflow.getHandle(handle.workflowId).query<RunMetrics>('getMetrics');
      expect(metrics.epochs.at(-1)).toMatchObject({ epoch: EPOCHS });
    });
  });
});

describe('a run that continued as new', { timeout: 180_000 }, () => {
  it('still hears of a pause, of a new rate and of more epochs, and keeps what was asked before', async () => {
    const training = new SteppedTraining(8 * 22 + 3);
    const spec = { ...STUB_SPEC, training: { epochs: 26 } };
    await withStubRun({ environment, workflowBundle }, spec, { replace: training.replace }, async ({ handle }) => {
      const current = environment.client.workflow.getHandle(handle.workflowId);
      const progress = (): Promise<RunProgress> => current.query('getProgress');
      await training.reached(8 * 22 + 3);
      const { raw } = await current.describe();
      expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(raw.workflowExecutionInfo?.execution?.runId);
      await current.signal('pause');
      await expect.poll(async () => (await progress()).paused, { timeout: 20_000 }).toBe(true);
      await current.executeUpdate('setLearningRate', { args: [{ learningRate: 1e-5 }] });
      await current.executeUpdate('extendEpochs', { args: [{ epochs: 27 }] });
      training.allow(1000);
      await current.signal('resume');
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 27 });
      expect(training.inputs.at(-1)?.training).toMatchObject({ epochs: 27, learningRate: 1e-5 });
      const { changes, epochs, totalSteps } = await progress();
      expect([changes.length, epochs, totalSteps]).toEqual([1, 27, 216]);
      const { currentDetails } = await current.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      expect(currentDetails).toMatch(/model org\/model/);
    });
  });

  it('takes along what was asked for in the last moment', async () => {
    let ask = (): Promise<unknown> => Promise.resolve();
    const rates: number[] = [];
    // Asked for after every one of these epochs, and so after the one at whose end the run continues too.
    const replace: StubOptions['replace'] = (stubs) => ({
      evaluateModel: async (input) => {
        const epoch = 'checkpoint' in input.weights ? input.weights.checkpoint.step / 8 : 0;
        if (epoch >= 5 && epoch < 16) await ask();
        return stubs.evaluateModel(input);
      },
    });
    const spec = { ...STUB_SPEC, training: { epochs: 17 } };
    await withStubRun(
      { environment, workflowBundle },
      spec,
      { replace, maxCachedWorkflows: 10 },
      async ({ handle }) => {
        const current = environment.client.workflow.getHandle(handle.workflowId);
        ask = () => {
          rates.push((rates.length + 1) * 1e-6);
          return current.executeUpdate('setLearningRate', { args: [{ learningRate: rates.at(-1) }] });
        };
        await resultOf(handle);
        expect((await current.describe()).runId).not.toBe(
          (handle as { firstExecutionRunId?: string }).firstExecutionRunId,
        );
        const { changes } = await current.query<RunProgress>('getProgress');
        expect(changes.map(({ learningRate }) => learningRate)).toEqual(rates);
        expect(rates).toHaveLength(11);
      },
    );
  });

  it('makes a change again that came late, when damaged results send it back to the begin', async () => {
    const training = new SteppedTraining(8 * 24 + 3);
    const stubs = damagingOnce(training, new Set(['publish-model']));
    const spec = { ...STUB_SPEC, training: { epochs: 26 } };
    await withStubRun({ environment, workflowBundle }, spec, stubs, async ({ handle }) => {
      const current = environment.client.workflow.getHandle(handle.workflowId);
      await training.reached(8 * 24 + 3);
      await current.executeUpdate('setLearningRate', { args: [{ learningRate: 1e-5 }] });
      await training.interrupted();
      training.allow(1000);
      await resultOf(handle);
      expect(training.inputs.filter(({ untilStep }) => untilStep === 8 * 24 + 3)).toHaveLength(1);
      expect(training.inputs.at(-1)).toMatchObject({ epoch: 26, training: { learningRate: 1e-5 } });
      expect((await current.query<RunProgress>('getProgress')).changes).toHaveLength(1);
    });
  });

  it('ends again where it was stopped early, when damaged results send it back to the begin', async () => {
    const stopped = 8 * 22 + 3;
    const training = new SteppedTraining(stopped);
    const stubs = damagingOnce(training, new Set(['publish-model']));
    const spec = { ...STUB_SPEC, training: { epochs: 26 } };
    await withStubRun({ environment, workflowBundle }, spec, stubs, async ({ handle }) => {
      const current = environment.client.workflow.getHandle(handle.workflowId);
      await training.reached(stopped);
      const { runId } = await current.describe();
      await current.executeUpdate('stopEarly');
      await training.interrupted();
      training.allow(1000);
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 23 });
      expect((await current.describe()).runId).not.toBe(runId);
      expect(training.inputs.at(-1)).toMatchObject({ epoch: 23, untilStep: stopped });
    });
  });
});
