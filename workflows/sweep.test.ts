// The sweep on a real server with activities that compute nothing: who is trained how far, who wins, what is told of failures, and what a
// cancel or a pause does to the children.
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeveralProgress, SweepResult } from '../src/spec/comparison.js';
import type { SweepSpecInput } from '../src/spec/sweep.js';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import { damagingOnce, stubFailure, type StubOptions } from '../test/support/stub-activities.js';
import { failureOf, withStubRun, type StubRun } from '../test/support/workflow-run.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
});
afterAll(() => environment?.teardown());

const RATES = [1e-5, 2e-5, 3e-5, 4e-5];
const sweepSpec = (more: Partial<SweepSpecInput> = {}): SweepSpecInput => ({
  base: { model: 'org/model', dataset: { source: 'pairs.jsonl' }, training: { epochs: 4 } },
  settings: { learningRate: RATES },
  ...more,
});

/** NDCG@10 on the validation part by rate (in the order of {@link RATES}) and epoch; on the test part it is the other way round. */
const VALIDATION = [
  [0.5, 0.52, 0.54, 0.56],
  [0.6, 0.61, 0.62, 0.63],
  [0.55, 0.65, 0.8, 0.7],
  [0.4, 0.9, 0.95, 0.99],
];

interface Race {
  /** `<rate's index + 1>:<epoch>`, as they were trained anew. */
  trained: string[];
  /** The most trainings at one time. */
  most: number;
}

/** Stubs that know which training they are of: its lineage is named by its rate. */
function raceStubs(
  race: Race,
  before: (trial: number, epoch: number) => Promise<void> | void = () => undefined,
): Partial<StubOptions> {
  const done = new Set<string>();
  let now = 0;
  return {
    replace: (stubs) => ({
      planTraining: async (input) => ({
        ...(await stubs.planTraining(input)),
        lineage: String(RATES.indexOf(input.spec.training.learningRate) + 1),
      }),
      trainEpoch: async (input) => {
        const name = `${input.lineage}:${input.epoch}`;
        race.most = Math.max(race.most, ++now);
        try {
          await before(Number(input.lineage), input.epoch);
          // Long enough for others to begin meanwhile.
          if (!done.has(name)) await new Promise((wake) => setTimeout(wake, 60));
          if (!done.has(name)) race.trained.push(name);
          done.add(name);
        } finally {
          now--;
        }
        return stubs.trainEpoch(input);
      },
      evaluateModel: async ({ weights, part }) => {
        const { lineage, step } = 'checkpoint' in weights ? weights.checkpoint : { lineage: '0', step: 0 };
        const validation = VALIDATION[Number(lineage) - 1]?.[step / 8 - 1] ?? 0.3;
        const value = part === 'validation' ? validation : 1 - validation;
        return {
          artifact: { kind: 'evaluation', key: String(value) },
          metrics: { 'ndcg@10': value, 'hit_rate@5': value, 'mrr@10': value },
          ...{ queries: 20, documents: 10, seconds: 1 },
        };
      },
    }),
  };
}

const run = <T>(input: unknown, stubs: Partial<StubOptions>, use: (run: StubRun) => Promise<T>): Promise<T> =>
  withStubRun(
    { environment, workflowBundle },
    input,
    { workflowType: 'sweep', maxCachedWorkflows: 100, ...stubs },
    use,
  );
const resultOf = ({ handle }: StubRun): Promise<SweepResult> => handle.result() as Promise<SweepResult>;

describe('a sweep', { timeout: 180_000 }, () => {
  it('halves the trials by the validation part, trains survivors on from where they were, and publishes the best', async () => {
    const race: Race = { trained: [], most: 0 };
    const [result, ids] = await run(sweepSpec(), raceStubs(race), async (started) => [
      await resultOf(started),
      started.ids,
    ]);
    // Round 1 (epoch 1): 2 and 3 lead. Round 2 (epoch 2): 3 leads. Round 3: 3 alone. 4 would have won, but was behind after epoch 1.
    expect([...race.trained].sort()).toEqual(['1:1', '2:1', '2:2', '3:1', '3:2', '3:3', '3:4', '4:1']);
    expect(result.rounds).toEqual([1, 2, 4]);
    expect(result.trials).toMatchObject([
      { trial: 1, outcome: 'stopped', epochs: 1, validation: 0.5 },
      { trial: 2, outcome: 'stopped', epochs: 2, validation: 0.61 },
      // The best of its epochs, not its last.
      { trial: 3, outcome: 'best', epochs: 4, validation: 0.8, bestEpoch: 3 },
      { trial: 4, outcome: 'stopped', epochs: 1, validation: 0.4 },
    ]);
    expect(result.trials.map(({ label }) => label)).toEqual(RATES.map((rate) => `learningRate ${rate}`));
    expect(result.best).toMatchObject({ trial: 3, model: { path: '/out/data/embeddings/default' } });
    expect(result.trials[2]!.verdict).toMatchObject({ verdict: 'improved' });
    // The data is prepared once before any trial; trials look for it again, side by side.
    expect(ids.filter((id) => id === 'publish-model')).toHaveLength(1);
    expect(ids.indexOf('build-corpus')).toBeLessThan(ids.indexOf('plan-training'));
    expect(JSON.stringify(result).length).toBeLessThan(16_384);
  });

  it('trains at most `parallel` at a time, and its result does not depend on who finishes first', async () => {
    const results: SweepResult[] = [];
    const settings = { learningRate: RATES.slice(0, 3) };
    for (const slow of [1, 2]) {
      const race: Race = { trained: [], most: 0 };
      // The first two wait for each other, and then a while for a third one, which must not come.
      let arrived = 0;
      let meet = (): void => undefined;
      const met = new Promise<void>((resolve) => (meet = resolve));
      const wait = async (trial: number, epoch: number): Promise<void> => {
        if (epoch > 1) return;
        if (++arrived === 2) meet();
        await met;
        await new Promise((wake) => setTimeout(wake, trial === slow ? 600 : 300));
      };
      results.push(await run(sweepSpec({ parallel: 2, halving: false, settings }), raceStubs(race, wait), resultOf));
      expect(race.most).toBe(2);
    }
    expect(results[0]!.best).toMatchObject({ trial: 3 });
    expect(results[1]).toEqual(results[0]);
  });

  it('asks for the place of its comparison before any training', async () => {
    const race: Race = { trained: [], most: 0 };
    const { replace } = raceStubs(race);
    const taken: Partial<StubOptions> = {
      replace: (stubs) => ({
        ...replace!(stubs),
        pinInputs: async (input) => {
          if (input.comparison === 'pairs-sweep') throw stubFailure('PathNotAllowed', true);
          return stubs.pinInputs(input);
        },
      }),
    };
    const failure = await run(sweepSpec(), taken, ({ handle }) => failureOf(handle));
    expect([failure.type, race.trained]).toEqual(['PathNotAllowed', []]);
  });

  it('goes on without a trial that fails, and says so', async () => {
    const race: Race = { trained: [], most: 0 };
    const fail = (trial: number): void => {
      if (trial === 3) throw stubFailure('NonFiniteLoss', true);
    };
    const result = await run(sweepSpec(), raceStubs(race, fail), resultOf);
    expect(result.trials[2]).toMatchObject({
      outcome: 'failed',
      epochs: 0,
      error: { type: 'NonFiniteLoss', message: 'NonFiniteLoss happened' },
    });
    expect(result.best.trial).toBe(2);
    expect(result.warnings.join('\n')).toContain('Trial 3 (learningRate 0.00003): failed: NonFiniteLoss');
  });

  it('makes results again that turn out damaged, whichever stage finds it, and compares all trials', async () => {
    const race: Race = { trained: [], most: 0 };
    const damaged = new Set(['build-corpus', 'plan-training', 'train-epoch-1', 'publish-model', 'compare-evaluations']);
    const result = await run(sweepSpec(), damagingOnce(raceStubs(race), damaged), resultOf);
    expect([...damaged]).toEqual([]);
    expect([...race.trained].sort()).toEqual(['1:1', '2:1', '2:2', '3:1', '3:2', '3:3', '3:4', '4:1']);
    expect(result.best.trial).toBe(3);
    expect(result.trials.map(({ verdict }) => verdict?.verdict)).toEqual(Array(4).fill('improved'));
  });

  it('fails with the reason of the first when every trial fails', async () => {
    const fail = (): void => {
      throw stubFailure('NonFiniteLoss', true);
    };
    const failure = await run(sweepSpec(), raceStubs({ trained: [], most: 0 }, fail), ({ handle }) =>
      failureOf(handle),
    );
    expect(failure).toMatchObject({ type: 'NonFiniteLoss' });
    expect(failure.message).toContain('every trial of a round failed');
  });

  it.each([
    ['nothing', undefined, /a JSON object is needed, got nothing\. For example: \{"base"/],
    [
      'ready data without a validation part',
      sweepSpec({ base: { model: 'org/model', dataset: { train: 'a.json', test: 'b.json' } } }),
      /chooses the epoch on a validation part, got none/,
    ],
  ])('refuses %s before anything is trained', async (_name, input, message) => {
    const race: Race = { trained: [], most: 0 };
    const stubs = raceStubs(race);
    const withoutValidation: Partial<StubOptions> = {
      replace: (made) => ({
        ...stubs.replace!(made),
        buildCorpus: async (corpus) => {
          const { parts, ...rest } = await made.buildCorpus(corpus);
          return { ...rest, parts: 'train' in corpus.dataset ? { train: parts.train!, test: parts.test! } : parts };
        },
      }),
    };
    const failure = await run(input, withoutValidation, ({ handle }) => failureOf(handle));
    expect(failure.message).toMatch(message);
    expect(race.trained).toEqual([]);
  });

  it('that is cancelled ends after its trials, each of which has saved', async () => {
    const saved: string[] = [];
    const stubs: Partial<StubOptions> = {
      replace: (made) => ({
        trainEpoch: async (input) => {
          const activity = Context.current();
          const beat = setInterval(() => activity.heartbeat({ stage: 'train' }), 20);
          await activity.cancelled.catch(() => undefined);
          clearInterval(beat);
          saved.push(activity.info.workflowExecution!.workflowId);
          return { ...(await made.trainEpoch(input)), finished: false };
        },
      }),
    };
    await run(sweepSpec(), stubs, async ({ handle }) => {
      const progress = (): Promise<SeveralProgress> => handle.query<SeveralProgress>('getProgress');
      await expect.poll(async () => (await progress()).running.length, { timeout: 30_000 }).toBe(2);
      const children = (await progress()).running;
      for (const child of children) {
        const { client } = environment;
        await expect
          .poll(
            async () => (await client.workflow.getHandle(child).describe()).raw.pendingActivities?.[0]?.activityId,
            {
              timeout: 30_000,
            },
          )
          .toBe('train-epoch-1');
      }
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
      expect([...saved].sort()).toEqual(children);
      for (const child of children) {
        expect((await environment.client.workflow.getHandle(child).describe()).status.name).toBe('CANCELLED');
      }
    });
  });

  it('pauses and resumes its trials', async () => {
    const race: Race = { trained: [], most: 0 };
    const small = sweepSpec({
      parallel: 1,
      halving: false,
      settings: [{ epochs: 1 }, { epochs: 1, learningRate: 3e-5 }],
    });
    await run(small, raceStubs(race), async (started) => {
      const { handle } = started;
      await handle.signal('pause');
      await expect.poll(async () => (await handle.query<SeveralProgress>('getProgress')).paused).toBe(true);
      await handle.signal('resume');
      expect((await resultOf(started)).trials.map(({ epochs }) => epochs)).toEqual([1, 1]);
    });
  });
});
