// A ready place to train in: a store in a temporary folder with small `tokens` and `training-plan` artifacts, and the bag-of-ids engine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tokenizerFiles } from '../../examples/encoder/tokenizer-files.mjs';
import { openLocalStore } from '../../src/artifacts/local-store.js';
import type { ArtifactStore } from '../../src/artifacts/store.js';
import type { StageContext } from '../../src/artifacts/stage-context.js';
import { fineTuneSpecSchema, type TrainingSpec } from '../../src/spec/spec.js';
import type { PlanInput, PlanResult } from '../../src/spec/preparation-stages.js';
import type { ArtifactRef, CheckpointRef, StageProgress } from '../../src/spec/stages.js';
import type { Claimant, TrainEpochInput, TrainEpochResult } from '../../src/spec/training-stages.js';
import { trainEpoch } from '../../src/training/epoch.js';
import type { Machine } from '../../src/training/numerics.js';
import { planTraining, type PlanContext } from '../../src/training/plan.js';
import type { PlannedModel } from '../../src/training/planned-model.js';
import { EngineCache } from '../../src/training/warm-engine.js';
import { BagOfIdsEngine, type BagOfIdsOptions } from './bag-of-ids-engine.js';
import { fixedLength } from './tiny-tokenizer.js';

/** A small WordPiece tokenizer, made here, with one word a token. */
export const WORDS = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  ...Array.from({ length: 55 }, (_, i) => `word${i}`),
];

/** Settings for small and quick trainings. */
export function trainingSpec(overrides: Partial<TrainingSpec> = {}): TrainingSpec {
  const { training } = fineTuneSpecSchema.parse({
    model: 'm',
    dataset: 'd',
    training: { epochs: 2, batchSize: 4, learningRate: 0.02, checkpointEverySeconds: 1e-6, dropout: 0.2 },
  });
  return { ...training, ...overrides };
}

/** tokenizer.json of the small tokenizer. */
export function tokenizerJson(): Record<string, unknown> {
  const files = tokenizerFiles({ vocabulary: WORDS, maxLength: 512 });
  // The fixed length is there to be ignored.
  return { ...(JSON.parse(files['tokenizer.json']!) as object), ...fixedLength(3) };
}

/** The machine that tests say they run on. */
export const MACHINE: Machine = { onnxRuntime: '0', platform: 'test', instructionSet: 'test', threads: 1 };

/** A store with a model folder (its tokenizer alone) and a retrieval set, and what runs on them. */
export class TrainingFixture {
  private constructor(
    readonly folder: string,
    readonly store: ArtifactStore,
    readonly model: ArtifactRef,
    readonly retrieval: ArtifactRef,
  ) {}

  /** Makes one; `pairs` questions have an answer each, `sharing` of them the same. */
  static async create({ pairs = 14, sharing = 2, within = tmpdir() } = {}): Promise<TrainingFixture> {
    const folder = await mkdtemp(join(within, 'training-'));
    const store = await openLocalStore({ folder, create: true });
    const put = async (kind: string, files: Record<string, unknown>): Promise<ArtifactRef> => {
      const blobs: Record<string, unknown> = {};
      for (const [name, json] of Object.entries(files))
        blobs[name] = await store.putBytes(Buffer.from(JSON.stringify(json)));
      await store.createRecord(kind, 'fixture', { blobs, facts: {} });
      return { kind, key: 'fixture' };
    };
    const retrievalSet = (count: number): unknown => {
      const index = Array.from({ length: count }, (_, i) => i);
      const answerOf = (i: number): number => (i < sharing ? 0 : i);
      return {
        queries: Object.fromEntries(index.map((i) => [`q${i}`, `word${i} word${(i * 7) % 55}`])),
        corpus: Object.fromEntries(
          index.map((i) => [`d${i}`, `Word${i} word${(i * 11 + 3) % 55} word${(i * 3) % 55}`]),
        ),
        relevant_docs: Object.fromEntries(index.map((i) => [`q${i}`, [`d${answerOf(i)}`]])),
        mode: 'text',
      };
    };
    const model = await put('model-folder', { 'tokenizer.json': tokenizerJson() });
    const retrieval = await put('retrieval', { 'train.json': retrievalSet(pairs), 'test.json': retrievalSet(3) });
    return new TrainingFixture(folder, store, model, retrieval);
  }

  /** The same place as another process finds it, which has verified nothing yet. */
  async reopen(): Promise<TrainingFixture> {
    return new TrainingFixture(this.folder, await openLocalStore(this), this.model, this.retrieval);
  }

  /** Surroundings of a stage that keep what was reported. */
  context(signal = new AbortController().signal): StageContext & { reported: StageProgress[]; warned: string[] } {
    const reported: StageProgress[] = [];
    const warned: string[] = [];
    return {
      store: this.store,
      signal,
      reported,
      warned,
      progress: (progress) => reported.push(progress),
      warn: (message) => warned.push(message),
    };
  }

  /** Plans with the small tokenizer. */
  async plan(training = trainingSpec(), overrides: Partial<PlannedModel> = {}, limitMb = 1000): Promise<PlanResult> {
    return (await this.planWith({ limitMb }, training, overrides)).result;
  }

  /** Plans in surroundings of one's own; tells also what was reported, and the silences that were told before. */
  async planWith(
    surroundings: Partial<PlanContext>,
    training = trainingSpec(),
    overrides: Partial<PlannedModel> = {},
    asked: Partial<PlanInput> = {},
  ): Promise<{ result: PlanResult; reported: StageProgress[]; silences: number[] }> {
    const silences: number[] = [];
    const context = this.context();
    const result = await planTraining(
      {
        ...{ storeId: this.store.id, model: this.model, retrieval: this.retrieval },
        spec: { prompts: {}, training },
        ...asked,
      },
      {
        ...context,
        expectSilence: (ms) => void silences.push(ms),
        limitMb: 1000,
        ...surroundings,
        describeModel: async () => ({
          maxSequenceLength: 16,
          maxPositionEmbeddings: 16,
          vocabularySize: WORDS.length,
          prompts: {},
          lowerCase: false,
          dropout: { hidden: 0.1, attention: 0.1 },
          parameters: 500,
          denseParameters: 100,
          estimateMb: ({ tokens }) => 100 + tokens,
          names: [],
          ...overrides,
        }),
      },
    );
    return { result, reported: context.reported, silences };
  }

  /** A cache of bag-of-ids engines. */
  engines(options: Partial<BagOfIdsOptions> = {}): EngineCache<BagOfIdsEngine> {
    return new EngineCache(
      async (_store, { training }) =>
        new BagOfIdsEngine({
          vocabularySize: WORDS.length,
          seed: training?.seed ?? 1,
          dropout: training?.dropout.hidden ?? 0,
          ...options,
        }),
    );
  }

  /** Trains an epoch. */
  train(
    plan: PlanResult,
    epoch: number,
    {
      training = trainingSpec(),
      engines = this.engines(),
      signal,
      machine = MACHINE,
      untilStep,
      chosen,
      claimant,
      claimPollMs,
      onProgress,
    }: {
      training?: TrainingSpec;
      engines?: EngineCache;
      signal?: AbortSignal;
      machine?: Machine;
      untilStep?: number;
      chosen?: CheckpointRef;
      claimant?: Claimant;
      claimPollMs?: number;
      onProgress?: (progress: StageProgress) => void;
    } = {},
  ): Promise<TrainEpochResult> {
    const input: TrainEpochInput = {
      storeId: this.store.id,
      model: this.model,
      tokens: plan.tokens,
      plan: plan.plan,
      lineage: plan.lineage,
      training,
      epoch,
      ...(untilStep !== undefined && { untilStep }),
      ...(chosen && { chosen }),
    };
    return trainEpoch(input, {
      ...this.context(signal),
      ...(onProgress && { progress: onProgress }),
      ...(claimPollMs !== undefined && { claimPollMs }),
      engines,
      machine,
      claimant,
      checkpointCostFactor: 0,
    });
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
