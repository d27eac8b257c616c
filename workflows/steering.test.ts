// Changes of a run that trains: what the updates accept, and that each change is a segment of its own from a checkpoint.
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import { damagingOnce, stubFailure, type StubOptions } from '../test/support/stub-activities.js';
import {
  failureOf,
  resultOf,
  SteppedTraining,
  STUB_SPEC,
  withStubRun,
  type StubRun,
} from '../test/support/workflow-run.js';
import type { RunMetrics, RunProgress } from './progress.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
});
afterAll(() => environment?.teardown());

const SPEC = STUB_SPEC;
const withRun = <T>(options: Partial<StubOptions>, use: (run: StubRun) => Promise<T>, input: unknown = SPEC) =>
  withStubRun({ environment, workflowBundle }, input, options, use);
const update = (handle: WorkflowHandle, name: string, ...args: unknown[]) =>
  handle.executeUpdate<{ accepted: string }, []>(name, { args: args as [] });
const progressOf = (handle: WorkflowHandle) => handle.query<RunProgress>('getProgress');
const refusal = async (handle: WorkflowHandle, name: string, ...args: unknown[]): Promise<string> => {
  const error: unknown = await update(handle, name, ...args).then(
    () => new Error('it should have been refused'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw error as Error;
  return (error.cause as Error).message;
};

describe('setLearningRate', () => {
  it('lets the epoch save, and goes on from that checkpoint in a new segment with the rate', async () => {
    const training = new SteppedTraining(12);
    await withRun({ replace: training.replace }, async ({ handle, ids }) => {
      await training.reached(12);
      expect(await update(handle, 'setLearningRate', { learningRate: 1e-5 })).toEqual({
        accepted: 'the peak learning rate is 0.00001 from the next step on (before: 0.00002)',
      });
      await training.interrupted();
      training.allow(24);
      const outcome = await resultOf(handle);
      expect(outcome).toMatchObject({ publishedEpoch: 3, bitIdentical: true });
      expect(outcome.warnings).toContain('From step 12 (epoch 2) on: learning rate 0.00001');
      expect(
        training.inputs.map(({ epoch, lineage, training: { learningRate } }) => [epoch, lineage, learningRate]),
      ).toEqual([
        [1, 'lineage', 2e-5],
        [2, 'lineage', 2e-5],
        [2, 'lineage-0.00001-3-10', 1e-5],
        [3, 'lineage-0.00001-3-10', 1e-5],
      ]);
      expect(ids.filter((id) => /^train-|segment/.test(id))).toEqual([
        ...['train-epoch-1', 'train-epoch-2', 'open-segment-1', 'train-epoch-2', 'train-epoch-3'],
      ]);
      expect((await progressOf(handle)).changes).toEqual([
        { step: 12, epoch: 2, lineage: 'lineage', learningRate: 1e-5 },
      ]);
      // The recorded history, changes included, replays.
      await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), handle.workflowId);
    });
  });

  it('before the first step trains as if it had been planned so', async () => {
    const training = new SteppedTraining();
    await withRun({ replace: training.replace }, async ({ handle }) => {
      await expect.poll(() => training.inputs.length, { timeout: 20_000 }).toBe(1);
      await handle.signal('pause');
      await expect.poll(async () => (await progressOf(handle)).paused).toBe(true);
      await update(handle, 'setLearningRate', { learningRate: 1e-4 });
      await training.interrupted();
      training.allow(24);
      await handle.signal('resume');
      await resultOf(handle);
      const rates = training.inputs.map(({ training: { learningRate } }) => learningRate);
      expect(rates).toEqual([2e-5, 1e-4, 1e-4, 1e-4]);
    });
  });

  it('refuses what is no rate, or no other one, and says what it takes', async () => {
    const refused: [unknown[], string][] = [
      [[], 'setLearningRate: give an object such as {"learningRate": 0.00001}, got nothing'],
      [[0.1], 'got 0.1'],
      [[{ learningRate: -1 }], 'setLearningRate: learningRate is a number above 0 and at most 1, got -1'],
      [[{ learningRate: '1e-5' }], 'got "1e-5"'],
      [[{ rate: 1e-5 }], 'unknown field "rate"; known: learningRate'],
      [[{ learningRate: 2e-5 }], 'the peak learning rate is 0.00002 already'],
    ];
    const training = new SteppedTraining();
    await withRun({ replace: training.replace }, async ({ handle }) => {
      for (const [args, message] of refused) {
        expect(await refusal(handle, 'setLearningRate', ...args)).toContain(message);
      }
      training.allow(24);
      await resultOf(handle);
      // What was refused leaves nothing behind.
      const { events } = await handle.fetchHistory();
      expect(events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toEqual([]);
    });
  });
});

describe('extendEpochs', () => {
  it('trains longer in a new segment, and says so in progress, plan and page', async () => {
    const training = new SteppedTraining(20);
    await withRun({ replace: training.replace }, async ({ handle }) => {
      await training.reached(20);
      await update(handle, 'extendEpochs', { epochs: 5 });
      expect((await progressOf(handle)).epochs).toBe(5);
      await training.interrupted();
      training.allow(40);
      const outcome = await resultOf(handle);
      expect(outcome.metrics.epochs).toHaveLength(5);
      expect(outcome.publishedEpoch).toBe(5);
      expect(training.inputs.at(-1)).toMatchObject({ epoch: 5, training: { epochs: 5 } });
      expect(await progressOf(handle)).toMatchObject({ totalSteps: 40, step: 40, fraction: 1 });
      expect((await handle.query<RunMetrics>('getMetrics')).epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    });
  });

  it('comes in time while the last epoch is being evaluated', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let isHeld = false;
    const replace: StubOptions['replace'] = (stubs) => ({
      evaluateModel: async (input) => {
        if ('checkpoint' in input.weights && input.weights.checkpoint.step === 24) {
          isHeld = true;
          await held;
        }
        return stubs.evaluateModel(input);
      },
    });
    await withRun({ replace }, async ({ handle, ids }) => {
      await expect.poll(() => isHeld, { timeout: 20_000 }).toBe(true);
      expect(await refusal(handle, 'setLearningRate', { learningRate: 1e-5 })).toContain('the last epoch is trained');
      await update(handle, 'extendEpochs', { epochs: 4 });
      release();
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 4 });
      expect(ids).toEqual(expect.arrayContaining(['open-segment-1', 'train-epoch-4', 'evaluate-epoch-4']));
    });
  });

  it('refuses fewer epochs, too many, and what is no whole number', async () => {
    const training = new SteppedTraining();
    await withRun({ replace: training.replace }, async ({ handle }) => {
      for (const epochs of [3, 2, 1001, 4.5, '5']) {
        expect(await refusal(handle, 'extendEpochs', { epochs })).toMatch(
          /a whole number above 3 and at most 1000, got/,
        );
      }
      training.allow(24);
      await resultOf(handle);
    });
  });
});

describe('stopEarly', () => {
  it('ends after the present step, evaluates what there is and publishes it', async () => {
    const training = new SteppedTraining(13);
    await withRun({ replace: training.replace }, async ({ handle, ids }) => {
      await training.reached(13);
      await update(handle, 'stopEarly');
      const outcome = await resultOf(handle);
      expect(outcome).toMatchObject({ publishedEpoch: 2 });
      expect((await handle.query<RunMetrics>('getMetrics')).epochs.map(({ step }) => step)).toEqual([8, 13]);
      expect(ids.slice(-2)).toEqual(['evaluate-epoch-2', 'publish-model']);
      await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), handle.workflowId);
    });
  });

  it('with {"after": "epoch"} ends with the epoch', async () => {
    const training = new SteppedTraining(13);
    await withRun({ replace: training.replace }, async ({ handle }) => {
      await training.reached(13);
      await update(handle, 'stopEarly', { after: 'epoch' });
      expect(await refusal(handle, 'extendEpochs', { epochs: 5 })).toContain('stopping early already');
      training.allow(100);
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 2 });
      expect(training.inputs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    });
  });

  it('before any step makes one, so that there is something to publish', async () => {
    const training = new SteppedTraining();
    await withRun({ replace: training.replace }, async ({ handle }) => {
      await expect.poll(() => training.inputs.length, { timeout: 20_000 }).toBe(1);
      await update(handle, 'stopEarly', { after: 'step' });
      await training.interrupted();
      training.allow(1);
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 1 });
      expect(training.inputs.at(-1)).toMatchObject({ untilStep: 1 });
    });
  });

  it('ends a run that is paused', async () => {
    const training = new SteppedTraining(10);
    await withRun({ replace: training.replace }, async ({ handle }) => {
      await training.reached(10);
      await handle.signal('pause');
      await expect.poll(async () => (await progressOf(handle)).paused).toBe(true);
      await update(handle, 'stopEarly');
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 2 });
    });
  });

  it('refuses what it does not know, and a run that trains nothing yet', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const replace: StubOptions['replace'] = (stubs) => ({
      planTraining: async (input) => held.then(() => stubs.planTraining(input)),
    });
    await withRun({ replace }, async ({ handle }) => {
      expect(await refusal(handle, 'stopEarly', { after: 'now' })).toContain('after is "step"');
      expect(await refusal(handle, 'stopEarly')).toContain('Cancel the run instead');
      release();
      await resultOf(handle);
    });
  });
});

describe('a lack of memory', () => {
  const outOfMemory =
    (isTooMuch: (microBatch: string) => boolean): StubOptions['replace'] =>
    (stubs) => ({
      trainEpoch: async (input) => {
        if (input.epoch === 2 && isTooMuch(input.lineage)) throw stubFailure('OutOfMemory', true);
        return stubs.trainEpoch(input);
      },
    });

  it('opens a segment with half the micro-batch, and the result says that it is not bit-identical, and why', async () => {
    const replace = outOfMemory((lineage) => !lineage.endsWith('-3'));
    await withRun({ replace }, async ({ handle, ids }) => {
      const outcome = await resultOf(handle);
      expect(outcome.bitIdentical).toBe(false);
      expect(outcome.warnings).toEqual(
        expect.arrayContaining([
          expect.stringMatching(
            /^Not bit-identical: memory ran out with micro-batches of 10 pairs in epoch 2; .* with 5$/,
          ),
          expect.stringMatching(/micro-batches of 5 pairs in epoch 2; .* with 3$/),
        ]),
      );
      expect(ids.filter((id) => id.startsWith('open-segment'))).toEqual(['open-segment-1', 'open-segment-2']);
    });
  });

  it('in an evaluation is tried once more in a new trainer, and ends the run when it comes again', async () => {
    for (const times of [1, 2]) {
      let left = times;
      const replace: StubOptions['replace'] = (stubs) => ({
        evaluateModel: async (input) => {
          if ('checkpoint' in input.weights && left-- > 0) throw stubFailure('OutOfMemory', true);
          return stubs.evaluateModel(input);
        },
      });
      await withRun({ replace }, async ({ handle, ids }) => {
        if (times === 2) return expect(await failureOf(handle)).toMatchObject({ type: 'OutOfMemory' });
        const { warnings } = await resultOf(handle);
        expect(warnings).toContainEqual(expect.stringMatching(/^Memory ran out in evaluate-epoch-1/));
        expect(ids).toContain('evaluate-epoch-1-fresh');
      });
    }
  });

  it('in the step that a plan tries is planned again without one, and training halves the micro-batch', async () => {
    const replace: StubOptions['replace'] = (stubs) => ({
      ...outOfMemory((lineage) => !lineage.endsWith('-5'))!(stubs),
      planTraining: async (input) => {
        if (!input.memoryRanOut) throw stubFailure('OutOfMemory', true);
        return stubs.planTraining(input);
      },
    });
    await withRun({ replace }, async ({ handle, ids }) => {
      const { warnings } = await resultOf(handle);
      expect(warnings).toContainEqual(expect.stringMatching(/^Memory ran out in plan-training; it was tried again/));
      const calls = ids.filter((id) => /^(plan|open)/.test(id));
      expect(calls).toEqual(['plan-training', 'plan-training-fresh', 'open-segment-1']);
    });
  });

  it('that a single pair is too much for ends the run', async () => {
    await withRun({ replace: outOfMemory(() => true) }, async ({ handle, ids }) => {
      expect(await failureOf(handle)).toMatchObject({ type: 'OutOfMemory' });
      expect(ids.filter((id) => id.startsWith('open-segment'))).toHaveLength(4);
    });
  });
});

describe('damaged results after a change', () => {
  it('are made again with the change at the same step', async () => {
    const training = new SteppedTraining(12);
    const stubs = damagingOnce(training, new Set(['publish-model']));
    await withRun(stubs, async ({ handle }) => {
      await training.reached(12);
      await update(handle, 'setLearningRate', { learningRate: 1e-5 });
      await training.interrupted();
      training.allow(24);
      await resultOf(handle);
      const again = training.inputs.slice(4);
      expect(again.map(({ epoch, lineage, untilStep }) => [epoch, lineage, untilStep])).toEqual([
        [1, 'lineage', undefined],
        [2, 'lineage', 12],
        [2, 'lineage-0.00001-3-10', undefined],
        [3, 'lineage-0.00001-3-10', undefined],
      ]);
      expect((await progressOf(handle)).changes).toHaveLength(1);
    });
  });
});

describe('an activity that dies while it is asked to stop', () => {
  it('does not end the run: the new segment goes on from the newest checkpoint', async () => {
    const training = new SteppedTraining(10);
    let dies = true;
    const replace: StubOptions['replace'] = (stubs) => {
      const stepped = training.replace(stubs);
      return {
        ...stepped,
        trainEpoch: async (input) => {
          const result = await stepped.trainEpoch!(input);
          if (input.epoch !== 2 || !dies) return result;
          dies = false;
          throw stubFailure('TrainerDied', false);
        },
      };
    };
    await withRun({ replace }, async ({ handle }) => {
      await training.reached(10);
      await update(handle, 'setLearningRate', { learningRate: 1e-5 });
      await training.interrupted();
      training.allow(24);
      expect(await resultOf(handle)).toMatchObject({ publishedEpoch: 3 });
      // Where it stood only the store knows.
      expect((await progressOf(handle)).changes).toEqual([
        { step: 10, epoch: 2, lineage: 'newest', learningRate: 1e-5 },
      ]);
    });
  });
});

describe('the page', () => {
  it('shows what the activity reports, and passes over what comes late', async () => {
    const training = new SteppedTraining(12);
    await withRun({ replace: training.replace }, async ({ handle }) => {
      await training.reached(12);
      const losses = [
        [9, 0.9],
        [12, 0.7],
      ];
      await handle.signal('reportTraining', {
        epoch: 2,
        step: 12,
        loss: 0.7,
        learningRate: 1e-5,
        etaSeconds: 60,
        losses,
      });
      await handle.signal('reportTraining', { epoch: 1, step: 3, loss: 9, losses: [] });
      expect(await progressOf(handle)).toMatchObject({ step: 12, loss: 0.7, etaSeconds: 60 });
      const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      expect(currentDetails).toMatch(/step 12 of 24 · 60 s of training left · loss 0.700.*<polyline/s);
      training.allow(24);
      await resultOf(handle);
    });
  });

  it('has a description for every message', async () => {
    await withRun({}, async ({ handle }) => {
      await resultOf(handle);
      const { definition } = await handle.query<{
        definition: Record<string, { name: string; description?: string }[]>;
      }>('__temporal_workflow_metadata');
      const own = Object.values(definition)
        .flatMap((entries) => (Array.isArray(entries) ? entries : []))
        .filter(({ name }) => !name.startsWith('__'));
      expect(own.map(({ name }) => name).sort()).toEqual([
        'extendEpochs',
        'getMetrics',
        'getProgress',
        'pause',
        'reportTraining',
        'resume',
        'setLearningRate',
        'stopEarly',
      ]);
      expect(own.filter(({ description }) => !description)).toEqual([]);
    });
  });
});
