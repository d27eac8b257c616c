import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BagOfIdsEngine } from '../../test/support/bag-of-ids-engine.js';
import { TrainingFixture, trainingSpec, WORDS } from '../../test/support/training-fixture.js';
import { readArtifact } from '../artifacts/artifact.js';
import { FinalError } from '../errors.js';
import type { TrainingSpec } from '../spec/spec.js';
import { chooseMicroBatchSize, estimateRun } from './estimate.js';
import type { MicroBatchTokens } from './planned-model.js';
import { planTraining, type TrainingPlan } from './plan.js';
import { EngineCache } from './warm-engine.js';

let fixture: TrainingFixture;
beforeEach(async () => {
  fixture = await TrainingFixture.create();
});
afterEach(() => fixture.remove());

describe('planTraining', () => {
  it('counts the batches of every epoch, and the pairs that they hold', async () => {
    const plan = await fixture.plan(trainingSpec({ epochs: 3 }));
    const { facts } = await readArtifact<TrainingPlan>(fixture.store, plan.plan);
    expect(plan.stepsPerEpoch).toHaveLength(3);
    expect(plan.totalSteps).toBe(plan.stepsPerEpoch.reduce((a, b) => a + b));
    expect(plan.pairs).toBe(14);
    for (const [epoch, steps] of plan.stepsPerEpoch.entries()) {
      expect(facts.pairsPerEpoch[epoch]).toBeLessThanOrEqual(14);
      expect(steps).toBeGreaterThanOrEqual(Math.ceil(facts.pairsPerEpoch[epoch]! / 4));
    }
  });

  it('gives the same names for the same inputs, and keeps the plan when only the interval of checkpoints changes', async () => {
    const one = await fixture.plan();
    const two = await fixture.plan(trainingSpec({ checkpointEverySeconds: 99, keep: 'best' }));
    expect(two).toMatchObject({ plan: one.plan, tokens: one.tokens, lineage: one.lineage });
    expect((await fixture.plan(trainingSpec({ seed: 1 }))).lineage).not.toBe(one.lineage);
  });

  it('tries one step for an estimate, twice because the first prepares memory, and once when it takes long', async () => {
    const tries = async (training: TrainingSpec, stepMs: number) => {
      let [late, steps] = [0, 0];
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => Date.now() + late);
      const engines = fixture.engines({
        beforeStep: () => {
          late += stepMs;
          steps++;
        },
      });
      const { result, reported, silences } = await fixture.planWith({ engines }, training);
      clock.mockRestore();
      return {
        steps,
        estimate: result.estimate,
        silences,
        notes: reported.filter(({ note }) => note?.startsWith('trying')).length,
      };
    };
    const quick = await tries(trainingSpec(), 2_000);
    // Between micro-batches and after each step it tells that it goes on.
    expect(quick).toMatchObject({ steps: 2, notes: 4, silences: [expect.any(Number)] });
    const slow = await tries(trainingSpec({ seed: 9 }), 11_000);
    expect(slow).toMatchObject({ steps: 1, notes: 2 });
    expect(slow.estimate.seconds / quick.estimate.seconds).toBeGreaterThan(4);
  });

  it('plans without a measurement when the tried step does not fit', async () => {
    const short = [
      expect.stringMatching(
        /^training\.microBatchSize: no step with micro-batches of 4 pairs could be tried, since memory/,
      ),
    ];
    const calm = await fixture.plan();
    for (const error of [new FinalError('OutOfMemory', 'too much'), new RangeError('Array buffer allocation failed')]) {
      const engine = new BagOfIdsEngine({ vocabularySize: WORDS.length, beforeStep: () => Promise.reject(error) });
      const { result } = await fixture.planWith({ engines: new EngineCache(async () => engine) });
      expect(result).toEqual({ ...calm, seconds: result.seconds, warnings: short });
      expect(engine.isDisposed).toBe(true);
    }
    const gone = fixture.engines({ beforeStep: () => Promise.reject(new Error('the process is gone')) });
    await expect(fixture.planWith({ engines: gone })).rejects.toThrow('the process is gone');
    // And tries none where memory ran out before, which may have taken the process with it.
    const { result } = await fixture.planWith({ engines: gone }, trainingSpec(), {}, { memoryRanOut: true });
    expect(result).toEqual({ ...calm, seconds: result.seconds, warnings: short });
  });

  it('refuses fewer pairs than a batch', async () => {
    await expect(fixture.plan(trainingSpec({ batchSize: 15 }))).rejects.toMatchObject({
      type: 'InvalidData',
      message:
        'training.batchSize: at least one batch of 15 pairs is needed, got 14 in the training part. Add data, or lower it.',
    });
  });

  it('refuses a length that the model does not take', async () => {
    await expect(fixture.plan(trainingSpec({ maxSequenceLength: 17 }))).rejects.toMatchObject({
      type: 'InvalidSpec',
      message: expect.stringMatching(/at most 16 tokens, got 17/),
    });
  });

  it('refuses a tokenizer that gives ids which the model has no row for', async () => {
    await expect(fixture.plan(trainingSpec(), { vocabularySize: 20 })).rejects.toMatchObject({
      type: 'UnsupportedModel',
      message: expect.stringMatching(/has 20 rows, but its tokenizer gave the id \d+/),
    });
  });

  it('takes dropout as a number or as the model’s config says', async () => {
    const dropoutOf = async (dropout: number | 'model'): Promise<unknown> => {
      const { plan } = await fixture.plan(trainingSpec({ dropout }));
      return (await readArtifact<TrainingPlan>(fixture.store, plan)).facts.dropout;
    };
    expect(await dropoutOf(0.3)).toEqual({ hidden: 0.3, attention: 0.3 });
    expect(await dropoutOf('model')).toEqual({ hidden: 0.1, attention: 0.1 });
  });

  it('makes micro-batches when the whole batch does not fit into memory, and keeps them on a machine with more', async () => {
    const small = await fixture.plan(trainingSpec(), {}, 210);
    expect(small.microBatchSize).toBe(2);
    expect((await fixture.plan(trainingSpec(), {}, 10_000)).microBatchSize).toBe(2);
    expect((await fixture.plan(trainingSpec({ microBatchSize: 100 }))).microBatchSize).toBe(4);
  });

  it('counts the texts of the whole batch into the memory, of which short ones may all be in one micro-batch', async () => {
    const asked: MicroBatchTokens[] = [];
    const estimateMb = (microBatch: MicroBatchTokens): number => {
      asked.push(microBatch);
      return 100;
    };
    await fixture.plan(trainingSpec({ seed: 77 }), { estimateMb });
    expect(asked.length).toBeGreaterThanOrEqual(2);
    for (const { texts } of asked) expect(texts).toBe(2 * trainingSpec().batchSize);
  });

  it('knows an E5 model by what the spec calls it, when its folder does not say', async () => {
    const { store, model, retrieval } = fixture;
    const context = {
      ...fixture.context(),
      describeModel: async () => ({
        ...{ maxSequenceLength: 16, maxPositionEmbeddings: 16, vocabularySize: 1000, lowerCase: false },
        ...{ prompts: {}, dropout: { hidden: 0, attention: 0 }, parameters: 1, denseParameters: 1, names: [] },
        estimateMb: () => 1,
      }),
    };
    const input = { storeId: store.id, model, retrieval, modelName: 'e5-small-v2' };
    const plan = (prompts: object) => planTraining({ ...input, spec: { prompts, training: trainingSpec() } }, context);
    expect((await plan({})).warnings).toEqual([expect.stringMatching(/^e5-small-v2: .*"query: " and "passage: "/)]);
    expect((await plan({ query: 'query: ', passage: 'passage: ' })).warnings).toEqual([]);
  });

  it('warns of cut texts and of E5 models without their prefixes', async () => {
    const plan = await fixture.plan(trainingSpec({ maxSequenceLength: 4 }), { names: ['e5-small-v2'] });
    expect(plan.cut.train).toEqual({ queries: 0, documents: 14 });
    expect(plan.warnings).toEqual([
      expect.stringMatching(/e5-small-v2.*"query: "/),
      'train: 0 of 14 questions and 14 of 14 passages are longer than 4 tokens and were cut.',
      'test: 0 of 3 questions and 3 of 3 passages are longer than 4 tokens and were cut.',
    ]);
  });

  it('warns of pairs that are left out of training, since too many share an answer', async () => {
    const place = await TrainingFixture.create({ pairs: 40, sharing: 30 });
    const planOf = async (training: Partial<TrainingSpec>): Promise<{ warnings: string[]; left: number[] }> => {
      const { plan, pairs, warnings } = await place.plan(trainingSpec(training));
      const { facts } = await readArtifact<TrainingPlan>(place.store, plan);
      return { warnings, left: facts.pairsPerEpoch.map((ofEpoch) => pairs - ofEpoch) };
    };
    const one = await planOf({ batchSize: 8, epochs: 1 });
    // A batch holds the shared answer once and takes at least one of the ten other pairs.
    expect(one.left[0]).toBeGreaterThanOrEqual(20);
    expect(one.warnings).toEqual([
      expect.stringMatching(
        new RegExp(`^training\\.batchSampler: ${one.left[0]} of 40 pairs are left out of each epoch`),
      ),
    ]);
    const several = await planOf({ batchSize: 2, epochs: 9 });
    const [least, most] = [Math.min(...several.left), Math.max(...several.left)];
    expect(most).toBeGreaterThan(least);
    expect(several.warnings).toEqual([expect.stringContaining(` ${least} to ${most} of 40 pairs are left out`)]);
    expect(several.warnings[0]!.length).toBeLessThanOrEqual(300); // a run's page cuts longer ones
    expect((await planOf({ batchSize: 8, batchSampler: 'shuffle' })).warnings).toEqual([]);
    // Thirteen batches of three and one pair, another one each epoch.
    expect(await planOf({ batchSize: 3, batchSampler: 'shuffle' })).toEqual({ warnings: [], left: [1, 1] });
    await place.remove();
  });
});

describe('chooseMicroBatchSize', () => {
  const options = { batchSize: 10, batchTokens: 1000, pairTokens: 150, estimateMb: (tokens: number) => tokens };
  it('halves the batch until it fits, down to one pair', () => {
    const sizes = [2000, 1400, 1000, 500, 10].map((limitMb) => chooseMicroBatchSize({ ...options, limitMb }));
    expect(sizes).toEqual([10, 5, 3, 2, 1]);
  });
});

describe('estimateRun', () => {
  const size = {
    steps: 10,
    epochs: 1,
    tokens: 1000,
    parameters: 1e6,
    denseParameters: 1e6,
    checkpointEverySeconds: 30,
  };
  it('goes by a measured step where there is one', () => {
    expect(estimateRun({ ...size, measured: { seconds: 2, tokens: 10 } }).seconds).toBe(201);
  });
  it('counts the checkpoints that keep their tensors, which are few however many epochs there are', () => {
    const disk = (epochs: number): number => estimateRun({ ...size, epochs }).diskMb;
    expect(disk(3) - disk(1)).toBeCloseTo((2 * 12e6) / 2 ** 20, -1);
    expect(disk(40)).toBe(disk(3));
  });
});
