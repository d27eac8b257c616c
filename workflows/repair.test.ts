// Changes of a run that goes back to make damaged results again: those that were made are made again at the same steps, in their order,
// and what is asked for meanwhile comes after them.
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import { stubFailure, type StubOptions } from '../test/support/stub-activities.js';
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
