// Histories of runs that this and earlier versions recorded, replayed on the present workflow code: a change that would break a run in
// flight fails here. `npm run history:record` adds those of the present code (do so when a change is guarded by a patch); built,
// `RECORD_HISTORIES=retrain npx vitest run test/replay.test.ts` those alone whose names begin so.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Activities } from '../activities/activities.js';
import type { OpenRetrainInput, OpenRetrainResult } from '../src/spec/retrain.js';
import type { RunOrder } from '../workflows/order.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { stubActivities, stubFailure, type StubOptions } from './support/stub-activities.js';
import { SteppedTraining } from './support/workflow-run.js';

const folder = fileURLToPath(new URL('./histories', import.meta.url));
const spec = { model: 'org/model', dataset: { source: 'pairs.jsonl' }, training: { epochs: 2 } };

/** A training that stands at a step when it is changed. */
function stepped(
  steps: number,
  change: (run: WorkflowHandle, training: SteppedTraining) => Promise<unknown>,
): { replace: StubOptions['replace']; during: (run: WorkflowHandle) => Promise<unknown> } {
  const training = new SteppedTraining(steps);
  return {
    replace: training.replace,
    during: async (run) => {
      await training.reached(steps);
      return change(run, training);
    },
  };
}

/** Publishing finds an earlier result damaged once. */
function damagedForPublishing(stubs: Activities): Partial<Activities> {
  let damaged = true;
  return {
    publishModel: async (input) => {
      if (!damaged) return stubs.publishModel(input);
      damaged = false;
      throw stubFailure('ArtifactDamaged', false);
    },
  };
}

function stoppedBeforeTheFirstStep(): ReturnType<typeof stepped> {
  const training = new SteppedTraining();
  const called = (times: number) => expect.poll(() => training.inputs.length, { timeout: 30_000 }).toBe(times);
  return {
    replace: (stubs) => ({ ...training.replace(stubs), ...damagedForPublishing(stubs) }),
    during: async (run) => {
      await called(1);
      await run.executeUpdate('stopEarly');
      await called(2);
      await run.signal('pause');
      await training.interrupted(2);
      training.allow(16);
      await run.signal('resume');
    },
  };
}

async function openedWithChampion(stubs: Activities, input: OpenRetrainInput): Promise<OpenRetrainResult> {
  const { champion } = await stubs.placeChampion({ storeId: '', name: 'promoted', directory: '' });
  return { ...(await stubs.openRetrain(input)), ...(champion && { champion }) };
}

const sweepSpec = {
  base: { model: 'org/model', dataset: { source: 'pairs.jsonl' }, training: { epochs: 4 } },
  settings: { learningRate: [1e-5, 2e-5, 3e-5] },
};
const stubPins: RunOrder['pins'] = {
  model: { type: 'hub', id: 'org/model', commit: 'a'.repeat(40) },
  dataset: { type: 'local', label: 'pairs.jsonl', snapshot: { kind: 'dataset-snapshot', key: 'k' } },
};

/** What is recorded: each a way that a run may take. */
const recorded: Record<
  string,
  {
    /** Default: `fineTune`. */
    workflow?: string;
    input: unknown;
    /** Of a run that another workflow started. */
    order?: RunOrder;
    replace?: StubOptions['replace'];
    during?: (run: WorkflowHandle) => Promise<unknown>;
  }
> = {
  'whole-run': { input: spec },
  'ready-data-keep-best': {
    input: { ...spec, dataset: { train: 'a.json', test: 'b.json' }, training: { epochs: 2, keep: 'best' } },
  },
  'damaged-artifact': { input: spec, replace: damagedForPublishing },
  'paused-and-resumed': {
    input: spec,
    replace: (stubs) => {
      let stopped = false;
      return {
        trainEpoch: async (input) => {
          if (stopped) return stubs.trainEpoch(input);
          stopped = true;
          const activity = Context.current();
          const beat = setInterval(() => activity.heartbeat(), 20);
          await activity.cancelled.catch(() => clearInterval(beat));
          return { ...(await stubs.trainEpoch(input)), finished: false };
        },
      };
    },
    during: async (run) => {
      await expect
        .poll(async () => (await run.describe()).raw.pendingActivities?.[0]?.activityId, { timeout: 30_000 })
        .toBe('train-epoch-1');
      await run.signal('pause');
      await run.signal('resume');
    },
  },
  'rate-changed-epochs-extended': {
    input: spec,
    ...stepped(3, async (run, training) => {
      await run.executeUpdate('setLearningRate', { args: [{ learningRate: 1e-5 }] });
      await training.interrupted();
      training.allow(12);
      await training.reached(12);
      await run.executeUpdate('extendEpochs', { args: [{ epochs: 3 }] });
      await training.interrupted(2);
      training.allow(100);
    }),
  },
  'stopped-early': {
    input: spec,
    ...stepped(12, (run) => run.executeUpdate('stopEarly')),
  },
  // Before its first step and paused then, so that this step is made after the pause; and made again, for publishing finds it damaged.
  'stopped-early-paused-damaged': { input: spec, ...stoppedBeforeTheFirstStep() },
  'out-of-memory': {
    input: spec,
    replace: (stubs) => ({
      trainEpoch: async (input) => {
        if (input.lineage === 'lineage' && input.epoch === 2) throw stubFailure('OutOfMemory', true);
        return stubs.trainEpoch(input);
      },
    }),
  },
  'planning-out-of-memory': {
    input: spec,
    replace: (stubs) => ({
      planTraining: async (input) => {
        if (!input.memoryRanOut) throw stubFailure('OutOfMemory', true);
        return stubs.planTraining(input);
      },
    }),
  },
  'many-epochs': { input: { ...spec, training: { epochs: 8 } } },
  'refused-spec': { input: { ...spec, trainning: {} } },
  'retrain-promoted': {
    workflow: 'retrain',
    input: { ...spec, output: { name: 'promoted' } },
    replace: (stubs) => ({ openRetrain: (input) => openedWithChampion(stubs, input) }),
  },
  'retrain-not-promoted': {
    workflow: 'retrain',
    input: { ...spec, output: { name: 'not-promoted' } },
    replace: () => ({ settleRetrain: () => Promise.resolve({ outcome: 'notPromoted', why: 'no gain', entry: 1 }) }),
  },
  'retrain-unchanged': {
    workflow: 'retrain',
    input: spec,
    replace: (stubs) => ({
      openRetrain: async (input) => ({ ...(await stubs.openRetrain(input)), unchanged: 'Nothing has changed.' }),
    }),
  },
  'retrain-unchanged-placed': {
    workflow: 'retrain',
    input: spec,
    replace: (stubs) => ({
      openRetrain: async (input) => ({
        ...(await openedWithChampion(stubs, input)),
        unchanged: 'Nothing has changed.',
      }),
    }),
  },
  'sweep-halving': { workflow: 'sweep', input: sweepSpec },
  'sweep-trial-fails': {
    workflow: 'sweep',
    input: { ...sweepSpec, halving: false },
    replace: (stubs) => ({
      trainEpoch: async (input) => {
        if (input.training.learningRate === 2e-5) throw stubFailure('NonFiniteLoss', true);
        return stubs.trainEpoch(input);
      },
    }),
  },
  'sweep-trial': {
    workflow: 'fineTuneTrial',
    input: { ...spec, training: { epochs: 4, keep: 'best' } },
    order: { untilEpoch: 2, name: 'trial 1', pins: stubPins },
  },
  chain: {
    workflow: 'chain',
    input: {
      base: { model: 'org/model', training: { epochs: 1 } },
      steps: [{ dataset: 'one.jsonl' }, { dataset: 'two.jsonl' }],
    },
  },
  'chain-step-fails': {
    workflow: 'chain',
    input: { base: { model: 'org/model' }, steps: [{ dataset: 'one.jsonl' }, { dataset: 'two.jsonl' }] },
    replace: (stubs) => ({
      publishModel: async (input) => {
        if (input.spec.model && 'source' in input.spec.model && input.spec.model.source !== 'org/model')
          throw stubFailure('ParityFailed', true);
        return stubs.publishModel(input);
      },
    }),
  },
};

interface RecordedHistory {
  events: { workflowExecutionStartedEventAttributes: { workflowId?: string } }[];
}

/** Process and host, as they stand in identities and queue names. */
const machine = new RegExp(`\\d+@${hostname()}`, 'g');
const isRecording = process.env.RECORD_HISTORIES !== undefined;

if (isRecording)
  describe('recording', () => {
    it('writes the history of every way a run may take', async () => {
      const environment = await startTestServer();
      const workflowBundle = await bundleWorkflows();
      for (const [name, { workflow = 'fineTune', input, order, replace, during }] of Object.entries(recorded)) {
        if (process.env.RECORD_HISTORIES !== '1' && !name.startsWith(process.env.RECORD_HISTORIES ?? '')) continue;
        const taskQueue = `record-${name}`;
        const { activities } = stubActivities({ trainingTaskQueue: taskQueue, ...(replace && { replace }) });
        const worker = await Worker.create({
          connection: environment.nativeConnection,
          taskQueue,
          activities,
          workflowBundle,
          maxHeartbeatThrottleInterval: '100ms',
        });
        await worker.runUntil(async () => {
          const run = await environment.client.workflow.start(workflow, {
            taskQueue,
            workflowId: `${name}-${randomUUID()}`,
            args: order ? [input, null, order] : [input],
          });
          await during?.(run);
          await run.result().catch(() => undefined);
          // Which machine recorded it is nobody's affair.
          const json = historyToJSON(await run.fetchHistory()).replaceAll(machine, 'recorder');
          await writeFile(join(folder, `${name}.json`), `${json}\n`);
        });
      }
      await environment.teardown();
    });
  });

if (!isRecording)
  describe('a recorded run', () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    let workflowBundle: WorkflowBundleWithSourceMap;
    beforeAll(async () => {
      workflowBundle = await bundleWorkflows();
    });

    it('is there for every way a run may take', () => {
      expect(names).toEqual(expect.arrayContaining(Object.keys(recorded).map((name) => `${name}.json`)));
    });

    it.each(names)('%s replays on the present code', async (name) => {
      const history = JSON.parse(readFileSync(join(folder, name), 'utf8')) as RecordedHistory;
      // Runs that a workflow starts are named by its own id.
      const { workflowId } = history.events[0]!.workflowExecutionStartedEventAttributes;
      await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    });

    it('whose order of activities differs is refused', async () => {
      // Guards the guard: the same replay with one activity under another name.
      const text = readFileSync(join(folder, 'whole-run.json'), 'utf8').replaceAll('transformPairs', 'transformRows');
      await expect(Worker.runReplayHistory({ workflowBundle }, JSON.parse(text))).rejects.toThrow(/nondeterminism/i);
    });
  });
