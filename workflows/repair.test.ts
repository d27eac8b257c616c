// Changes of a run that goes back to make damaged results again: those that were made are made again at the same steps, in their order,
// and what is asked for meanwhile comes after them; a run that stopped early ends where it had ended.
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import { damagingOnce, stubFailure, type StubOptions } from '../test/support/stub-activities.js';
import { resultOf, SteppedTraining, STUB_SPEC, withStubRun } from '../test/support/workflow-run.js';
import type { RunProgress } from './progress.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
});
afterAll(() => environment?.teardown());

const setRate = (handle: WorkflowHandle, learningRate: number): Promise<unknown> =>
  handle.executeUpdate('setLearningRate', { args: [{ learningRate }] });
/** Fails once, as an activity does that finds an earlier result damaged. */
const damagedOnce = (): (() => void) => {
  let isDamaged = true;
  return () => {
    if (!isDamaged) return;
    isDamaged = false;
    throw stubFailure('ArtifactDamaged', false);
  };
};
const segments = ({ inputs }: SteppedTraining, from: number) =>
  inputs.slice(from).map(({ epoch, lineage, untilStep }) => [epoch, lineage, untilStep]);

describe('a run that makes damaged results again', () => {
  it('makes what is asked for meanwhile after what was changed before', async () => {
    const training = new SteppedTraining(12);
    const publish = damagedOnce();
    let passes = 0;
    let ask = (): Promise<unknown> => Promise.resolve();
    const replace: StubOptions['replace'] = (stubs) => ({
      ...training.replace(stubs),
      evaluateModel: async (input) => {
        if ('base' in input.weights && ++passes === 2) await ask();
        return stubs.evaluateModel(input);
      },
      publishModel: async (input) => {
        publish();
        return stubs.publishModel(input);
      },
    });
    await withStubRun({ environment, workflowBundle }, STUB_SPEC, { replace }, async ({ handle }) => {
      ask = () => setRate(handle, 2e-5);
      await training.reached(12);
      await setRate(handle, 1e-5);
      await training.interrupted();
      const firstPass = training.inputs.length + 2;
      training.allow(24);
      await resultOf(handle);
      expect(segments(training, firstPass)).toEqual([
        [1, 'lineage', undefined],
        [2, 'lineage', 12],
        [2, 'lineage-0.00002-3-10', undefined],
        [3, 'lineage-0.00002-3-10', undefined],
      ]);
      const { changes } = await handle.query<RunProgress>('getProgress');
      expect(changes.map(({ step, learningRate }) => [step, learningRate])).toEqual([
        [12, 1e-5],
        [12, 2e-5],
      ]);
    });
  });

  it('and then again, before all changes were made anew, makes all of them', async () => {
    const training = new SteppedTraining(12);
    const [publish, evaluate] = [damagedOnce(), damagedOnce()];
    let isSecondPass = false;
    const replace: StubOptions['replace'] = (stubs) => ({
      ...training.replace(stubs),
      evaluateModel: async (input) => {
        if (isSecondPass && 'checkpoint' in input.weights && input.weights.checkpoint.step === 16) evaluate();
        return stubs.evaluateModel(input);
      },
      publishModel: async (input) => {
        isSecondPass = true;
        publish();
        return stubs.publishModel(input);
      },
    });
    await withStubRun({ environment, workflowBundle }, STUB_SPEC, { replace }, async ({ handle }) => {
      await training.reached(12);
      await setRate(handle, 1e-5);
      await training.interrupted();
      training.allow(18);
      await training.reached(18);
      await setRate(handle, 2e-5);
      await training.interrupted(2);
      training.allow(24);
      await resultOf(handle);
      const lastPass = training.inputs
        .map(({ epoch, lineage }) => epoch === 1 && lineage === 'lineage')
        .lastIndexOf(true);
      expect(segments(training, lastPass)).toEqual([
        [1, 'lineage', undefined],
        [2, 'lineage', 12],
        [2, 'lineage-0.00001-3-10', undefined],
        [3, 'lineage-0.00001-3-10', 18],
        [3, 'lineage-0.00002-3-10', undefined],
      ]);
      expect((await handle.query<RunProgress>('getProgress')).changes).toHaveLength(2);
    });
  });
});

describe('a run that stopped early', { timeout: 30_000 }, () => {
  it('and whose results are damaged then ends after the same step again', async () => {
    const training = new SteppedTraining(13);
    const [publish, evaluate] = [damagedOnce(), damagedOnce()];
    const replace: StubOptions['replace'] = (stubs) => ({
      ...training.replace(stubs),
      evaluateModel: async (input) => {
        if ('checkpoint' in input.weights && input.weights.checkpoint.step === 13) evaluate();
        return stubs.evaluateModel(input);
      },
      publishModel: async (input) => {
        publish();
        return stubs.publishModel(input);
      },
    });
    await withStubRun({ environment, workflowBundle }, STUB_SPEC, { replace }, async ({ handle }) => {
      await training.reached(13);
      await handle.executeUpdate('stopEarly');
      await training.interrupted();
      const firstPass = training.inputs.length;
      training.allow(24);
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 2 });
      expect(segments(training, firstPass).slice(-4)).toEqual([
        [1, 'lineage', undefined],
        [2, 'lineage', 13],
        [1, 'lineage', undefined],
        [2, 'lineage', 13],
      ]);
      await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), handle.workflowId);
    });
  });

  it('with {"after": "epoch"} ends with the same epoch again', async () => {
    const training = new SteppedTraining(13);
    const stubs = damagingOnce(training, new Set(['publish-model']));
    await withStubRun({ environment, workflowBundle }, STUB_SPEC, stubs, async ({ handle }) => {
      await training.reached(13);
      await handle.executeUpdate('stopEarly', { args: [{ after: 'epoch' }] });
      training.allow(24);
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 2 });
      expect(segments(training, 0)).toEqual([1, 2, 1, 2].map((epoch) => [epoch, 'lineage', undefined]));
    });
  });

  it('before its first step, and is paused then, makes that step once it goes on', async () => {
    const training = new SteppedTraining();
    await withStubRun({ environment, workflowBundle }, STUB_SPEC, { replace: training.replace }, async ({ handle }) => {
      await expect.poll(() => training.inputs.length, { timeout: 20_000 }).toBe(1);
      await handle.executeUpdate('stopEarly');
      await training.interrupted();
      await expect.poll(() => training.inputs.length, { timeout: 20_000 }).toBe(2);
      await handle.signal('pause');
      await training.interrupted(2);
      training.allow(24);
      await handle.signal('resume');
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 1 });
      expect(training.inputs.map(({ untilStep }) => untilStep)).toEqual([undefined, 1, 1]);
    });
  });
});
