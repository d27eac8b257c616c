// The chain on a real server with activities that compute nothing: what each step begins with, what is measured on what, and how it stops.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChainSpecInput } from '../src/spec/chain.js';
import type { ChainComparison, ChainResult } from '../src/spec/comparison.js';
import type { FineTuneSpec } from '../src/spec/spec.js';
import { isReadyDataset } from '../src/spec/spec.js';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import { damagingOnce, stubFailure, type StubOptions } from '../test/support/stub-activities.js';
import { failureOf, withStubRun, type StubRun } from '../test/support/workflow-run.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
});
afterAll(() => environment?.teardown());

const chainSpec: ChainSpecInput = {
  base: { model: 'org/model', training: { epochs: 2 }, output: { name: 'tower' } },
  steps: [{ dataset: '1.jsonl' }, { dataset: '2.jsonl', training: { epochs: 1 } }, { dataset: '3.jsonl' }],
};

/** NDCG@10 by model (0: the base) and test part. */
const MATRIX = [
  [0.5, 0.4, 0.3],
  [0.8, 0.45, 0.3],
  [0.7, 0.9, 0.35],
  [0.6, 0.85, 0.95],
];

interface Seen {
  /** Specs and pins that were published with. */
  published: { spec: FineTuneSpec; model: string; dataset: string }[];
  comparison?: ChainComparison;
  /** The comparison's name, as the first activity of each step was told it. */
  named: (string | undefined)[];
}

/** Stubs in which models and data are known by number. */
function chainStubs(seen: Seen, failing?: string): Partial<StubOptions> {
  const numberOf = (source: string): string => /(\d)[^\d]*$/.exec(source)?.[1] ?? '0';
  return {
    replace: (stubs) => ({
      pinInputs: async (input) => {
        const { model, dataset } = input.spec;
        const source = 'source' in model ? model.source : 'random';
        const local = { kind: 'model-folder', key: numberOf(source) };
        const data = isReadyDataset(dataset) ? dataset.train : dataset.source;
        if (input.mayCreateStore) seen.named.push(input.comparison);
        return {
          ...(await stubs.pinInputs(input)),
          model: input.pins?.model ?? { type: 'local', label: source, snapshot: local },
          dataset: input.pins?.dataset ?? {
            type: 'local',
            label: data,
            snapshot: { kind: 'dataset-snapshot', key: numberOf(data) },
          },
        };
      },
      downloadModel: async ({ pin }) => ({
        artifact: 'snapshot' in pin ? pin.snapshot : { kind: 'model-folder', key: '0' },
        files: 1,
        bytes: 1,
      }),
      buildCorpus: async (input) => {
        const { dataset } = input;
        const key = isReadyDataset(dataset) ? '0' : numberOf(dataset.source);
        return { ...(await stubs.buildCorpus(input)), artifact: { kind: 'retrieval', key } };
      },
      evaluateOn: async ({ model, retrieval }) => {
        const value = MATRIX[Number(model.key)]![Number(retrieval.key) - 1]!;
        return {
          artifact: { kind: 'evaluation', key: String(value) },
          metrics: { 'ndcg@10': value },
          ...{ queries: 20, documents: 10, seconds: 1 },
        };
      },
      trainEpoch: async (input) => {
        if (failing !== undefined && input.model.key === failing) throw stubFailure('NonFiniteLoss', true);
        return stubs.trainEpoch(input);
      },
      publishModel: async (input) => {
        const { spec, pins } = input;
        const labelOf = (pin: { type: string } & ({ label: string } | { id: string })): string =>
          'label' in pin ? pin.label : pin.id;
        seen.published.push({ spec, model: labelOf(pins.model), dataset: labelOf(pins.dataset) });
        return stubs.publishModel(input);
      },
      publishComparison: async (input) => {
        seen.comparison = input.comparison as ChainComparison;
        return stubs.publishComparison(input);
      },
    }),
  };
}

const run = <T>(input: unknown, stubs: Partial<StubOptions>, use: (run: StubRun) => Promise<T>): Promise<T> =>
  withStubRun(
    { environment, workflowBundle },
    input,
    { workflowType: 'chain', maxCachedWorkflows: 100, ...stubs },
    use,
  );

describe('a chain', { timeout: 180_000 }, () => {
  it('trains each step from the last step’s model, and measures every model on every test part', async () => {
    const seen: Seen = { published: [], named: [] };
    const result = await run(chainSpec, chainStubs(seen), ({ handle }) => handle.result() as Promise<ChainResult>);
    expect(seen.published.map(({ model, dataset, spec }) => [model, dataset, spec.training.epochs])).toEqual([
      ['org/model', '1.jsonl', 2],
      ['/out/data/embeddings/tower-1-1', '2.jsonl', 1],
      ['/out/data/embeddings/tower-2-2', '3.jsonl', 2],
    ]);
    expect(result.matrix).toEqual(MATRIX);
    expect(result.steps).toMatchObject([
      { step: 1, name: '1', base: 0.5, before: 0.5, after: 0.8 },
      { step: 2, name: '2', base: 0.4, before: 0.45, after: 0.9 },
      { step: 3, name: '3', base: 0.3, before: 0.35, after: 0.95, model: { path: '/out/data/embeddings/tower-3-3' } },
    ]);
    expect(result.steps[1]!.verdict!.difference).toBeCloseTo(0.45);
    expect(result.steps[1]!.verdictFromBase!.difference).toBeCloseTo(0.5);
    expect(result).toMatchObject({ base: 'model', model: { path: '/out/data/embeddings/tower-3-3' } });
    expect(seen.comparison).toMatchObject({ kind: 'chain', name: 'tower', matrix: MATRIX });
    // A folder of that name that is not ours is found at once.
    expect(seen.named.slice(0, 3)).toEqual(['tower', 'tower', 'tower']);
    expect(JSON.stringify(result).length).toBeLessThan(16_384);
  });

  it('stops where a step fails, and compares the steps before it', async () => {
    const seen: Seen = { published: [], named: [] };
    const failure = await run(chainSpec, chainStubs(seen, '1'), ({ handle }) => failureOf(handle));
    expect(failure).toMatchObject({ type: 'NonFiniteLoss' });
    expect(failure.message).toBe(
      'chain: step 2 (2) failed: NonFiniteLoss happened\nThe comparison of the steps before it is in /out/data/comparisons/tower/report.html',
    );
    expect(seen.published).toHaveLength(1);
    expect(seen.comparison).toMatchObject({
      matrix: MATRIX.slice(0, 2),
      rows: [{ step: 1, after: 0.8 }, { step: 2, error: { type: 'NonFiniteLoss' } }, { step: 3 }],
    });
  });

  it('makes results again that turn out damaged, whichever stage finds it, and ends as it would have', async () => {
    const seen: Seen = { published: [], named: [] };
    const damaged = new Set(['build-corpus-step-2', 'evaluate-on-2-model-0', 'compare-evaluations', 'train-epoch-1']);
    const result = await run(
      chainSpec,
      damagingOnce(chainStubs(seen), damaged),
      ({ handle }) => handle.result() as Promise<ChainResult>,
    );
    expect([...damaged]).toEqual([]);
    expect(result.matrix).toEqual(MATRIX);
    expect(result.warnings.join('\n')).toMatch(/damaged or gone and is made again/);
  });

  it('is refused with an example when nothing is given', async () => {
    const failure = await run(undefined, {}, ({ handle }) => failureOf(handle));
    expect(failure).toMatchObject({ type: 'InvalidSpec' });
    expect(failure.message).toContain('got nothing. For example: {"base"');
  });
});
