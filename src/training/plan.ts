// The plan stage: token ids of all texts, every epoch's batches counted, the micro-batch decided, and with that the training's name. It is
// made before the first step, so that the schedule knows its length and a user knows what is coming.
import { setImmediate } from 'node:timers/promises';
import { readArtifact, remember, type Artifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { ArtifactStore } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import type { PlanInput, PlanResult } from '../spec/preparation-stages.js';
import type { ArtifactRef, CheckpointRef } from '../spec/stages.js';
import type { FreezeSpec, TrainingSpec } from '../spec/spec.js';
import { promptWarning, resolvePrompts } from '../text/prompts.js';
import { readTokens, tokenBlobs, tokenizeRetrieval, type TokensFacts, type TokensPart } from '../text/tokenize.js';
import { batchOf, pairsOf, planBatches, type TrainingPairs } from './batches.js';
import { newestCheckpoint } from './checkpoint.js';
import { chooseMicroBatchSize, estimateRun, longestStepMs, memoryLimitMb } from './estimate.js';
import { lineageOf } from './lineage.js';
import { NUMERICS_VERSION } from './numerics.js';
import { describeBaseModel, type PlannedModel } from './planned-model.js';
import { engineTraining, type EngineCache } from './warm-engine.js';

const VERSION = 2;
/** A tried step that takes longer is not made again without the first one's preparations. */
const LONG_STEP_SECONDS = 10;

/** Facts of a `training-plan` artifact; it has no blobs. */
export interface TrainingPlan {
  lineage: string;
  pairs: number;
  /** By epoch, from the first. */
  stepsPerEpoch: number[];
  pairsPerEpoch: number[];
  totalSteps: number;
  /** Pairs, counted as if each were the largest: a micro-batch holds `microBatchSize · tokens.largestPair` tokens. */
  microBatchSize: number;
  dropout: { hidden: number; attention: number };
  /** Of a segment (segment.ts): the checkpoint that it goes on from, and the steps of the warm-up. */
  parent?: CheckpointRef | undefined;
  warmupSteps?: number;
  /** Tokens of all steps, of the largest batch, of the largest pair, and of the longest text. */
  tokens: { total: number; largestBatch: number; largestPair: number; longestText: number };
}

/** What planning needs beside its input. */
export interface PlanContext extends StageContext {
  /** Describes the base model; given by tests. */
  describeModel?: (store: ArtifactStore, model: ArtifactRef, freeze?: FreezeSpec) => Promise<PlannedModel>;
  /** An engine to try one step with, on a batch of median length, for a better estimate of time. */
  engines?: EngineCache;
  /** Memory there is, in MiB. */
  limitMb?: number;
}

/**
 * Plans a training.
 *
 * @throws FinalError `InvalidData` when there are fewer pairs than one batch, `InvalidSpec` when texts may be longer than the model takes,
 * `UnsupportedModel` when the tokenizer knows more than the model, and those of {@link tokenizeRetrieval}.
 */
export async function planTraining(input: PlanInput, context: PlanContext): Promise<PlanResult> {
  const began = performance.now();
  const { describeModel = describeBaseModel, limitMb = memoryLimitMb() } = context;
  const { prompts: explicit, training } = input.spec;
  const model = await describeModel(context.store, input.model, training.freeze);
  const prompts = resolvePrompts(explicit, model.prompts);
  const maxSequenceLength = training.maxSequenceLength ?? model.maxSequenceLength;
  if (maxSequenceLength > model.maxPositionEmbeddings) {
    throw new FinalError(
      'InvalidSpec',
      `training.maxSequenceLength: the model takes at most ${model.maxPositionEmbeddings} tokens, got ${maxSequenceLength}`,
    );
  }
  const { model: modelRef, retrieval } = input;
  const tokens = await tokenizeRetrieval(
    { model: modelRef, retrieval, prompts, maxSequenceLength, lowerCase: model.lowerCase },
    context,
  );
  if (tokens.facts.largestId >= model.vocabularySize) {
    throw new FinalError(
      'UnsupportedModel',
      `Model: its word embedding has ${model.vocabularySize} rows, but its tokenizer gave the id ${tokens.facts.largestId}. ` +
        'The tokenizer files are not those of the weights.',
    );
  }
  const names = input.modelName === undefined ? model.names : [input.modelName, ...model.names];
  const warnings = [promptWarning(names, prompts), ...cutWarnings(tokens.facts)].filter(
    (warning) => warning !== undefined,
  );
  warnings.forEach((warning) => context.warn(warning));

  const part = await readTokens(context.store, tokens, 'train');
  const pairs = pairsOf(part);
  const plan = await rememberPlan({ input, tokens, part, pairs, model, limitMb }, context);
  const { facts } = plan;
  const seconds = (performance.now() - began) / 1000; // what follows is for the eye and no part of training
  const isNew = (await newestCheckpoint(context.store, facts.lineage)) === undefined;
  const measured =
    isNew && context.engines ? await measureStep(context.engines, { input, facts, part, pairs }, context) : undefined;
  const run = estimateRun({
    steps: facts.totalSteps,
    epochs: training.epochs,
    tokens: facts.tokens.total,
    parameters: model.parameters,
    trainedParameters: model.trainedParameters ?? model.parameters,
    denseParameters: model.denseParameters,
    measured,
  });
  const { largestBatch, largestPair, longestText } = facts.tokens;
  const microBatch = {
    tokens: Math.min(largestBatch, facts.microBatchSize * largestPair),
    texts: 2 * training.batchSize,
    longestText,
    dropout: facts.dropout,
  };
  return {
    tokens: { kind: tokens.kind, key: tokens.key },
    plan: { kind: plan.kind, key: plan.key },
    lineage: facts.lineage,
    pairs: facts.pairs,
    stepsPerEpoch: facts.stepsPerEpoch,
    totalSteps: facts.totalSteps,
    microBatchSize: facts.microBatchSize,
    parameters: { all: model.parameters, trained: model.trainedParameters ?? model.parameters },
    cut: Object.fromEntries(Object.entries(tokens.facts.parts).map(([name, { cut }]) => [name, cut])),
    estimate: { ...run, memoryMb: Math.ceil(model.estimateMb(microBatch)) },
    seconds,
    warnings,
  };
}

/** Makes steps on the batch of median length and throws their gradients away. */
async function measureStep(
  engines: EngineCache,
  { input, facts, part, pairs }: Pick<PlanParts, 'input' | 'part' | 'pairs'> & { facts: TrainingPlan },
  context: PlanContext,
): Promise<{ seconds: number; tokens: number }> {
  const { batchSize, batchSampler: sampler, seed } = input.spec.training;
  const batches = planBatches({ pairs, batchSize, sampler, seed, epoch: 1 });
  const lengths = lengthsOf(part, pairs);
  const tokensOf = (batch: Int32Array): number => batch.reduce((sum, pair) => sum + lengths[pair]!, 0);
  const median = batches.sort((a, b) => tokensOf(a) - tokensOf(b))[batches.length >> 1]!;
  const texts = median.length * 2;
  const batch = { ...batchOf(median, pairs, part, facts), step: 0 };
  const { engine } = await engines.acquire(context.store, {
    model: input.model,
    training: engineTraining(input.spec.training, facts),
  });
  context.expectSilence?.(longestStepMs({ ...facts, parameters: engine.parameters }));
  const report = async (): Promise<void> => {
    context.progress({
      stage: 'tokenize',
      done: texts,
      total: texts,
      unit: 'texts',
      note: 'trying one step, for an estimate of time',
    });
    await setImmediate();
  };
  const timed = async (): Promise<number> => {
    const began = performance.now();
    await engine.step({ ...batch, onMicroBatch: report });
    await report();
    return (performance.now() - began) / 1000;
  };
  const first = await timed();
  // The first step also prepares memory, which is nothing beside a long one.
  const seconds = first > LONG_STEP_SECONDS ? first : await timed();
  return { seconds, tokens: tokensOf(median) };
}

interface PlanParts {
  input: PlanInput;
  tokens: Artifact<TokensFacts>;
  part: TokensPart;
  pairs: TrainingPairs;
  model: PlannedModel;
  limitMb: number;
}

/** The memory there is, is no key: on a machine with less, the plan that stands is kept, or the training would be another one. */
async function rememberPlan(
  { input, tokens, part, pairs, model, limitMb }: PlanParts,
  context: StageContext,
): Promise<Artifact<TrainingPlan>> {
  const { store } = context;
  const { training } = input.spec;
  const data = tokenBlobs(tokens, 'train');
  const { blobs: base } = await readArtifact(store, input.model);
  const { checkpointEverySeconds: _interval, keep: _keep, ...settings } = training;
  return remember<TrainingPlan>({
    store,
    kind: 'training-plan',
    version: VERSION,
    inputs: { numericsVersion: NUMERICS_VERSION, base, data, settings },
    make: async () => {
      const { batchSize } = training;
      if (pairs.queries.length < batchSize) {
        throw new FinalError(
          'InvalidData',
          `training.batchSize: at least one batch of ${batchSize} pairs is needed, got ${pairs.queries.length} in the training part. Add data, or lower it.`,
        );
      }
      const pairTokens = lengthsOf(part, pairs);
      const counted = await countBatches({ pairs, pairTokens, training }, context);
      if (counted.stepsPerEpoch.some((steps) => steps === 0)) {
        throw new FinalError(
          'InvalidData',
          `training.batchSampler: no two of the ${pairs.queries.length} pairs differ in both question and answer, so that "noDuplicates" makes no batch. ` +
            'Add data, or set it to "shuffle".',
        );
      }
      const largestPair = pairTokens.reduce((most, length) => Math.max(most, length), 0);
      const longestText = Math.max(longestOf(part.queries), longestOf(part.documents));
      const dropout =
        training.dropout === 'model' ? model.dropout : { hidden: training.dropout, attention: training.dropout };
      const microBatchSize = Math.min(
        batchSize,
        training.microBatchSize ??
          chooseMicroBatchSize({
            batchSize,
            batchTokens: counted.largestBatch,
            pairTokens: largestPair,
            limitMb,
            estimateMb: (tokens) => model.estimateMb({ tokens, texts: 2 * batchSize, longestText, dropout }),
          }),
      );
      return {
        blobs: {},
        facts: {
          lineage: lineageOf({ start: { base }, data, microBatchSize, training }),
          pairs: pairs.queries.length,
          stepsPerEpoch: counted.stepsPerEpoch,
          pairsPerEpoch: counted.pairsPerEpoch,
          totalSteps: counted.stepsPerEpoch.reduce((sum, steps) => sum + steps, 0),
          microBatchSize,
          dropout,
          tokens: { total: counted.tokens, largestBatch: counted.largestBatch, largestPair, longestText },
        },
      };
    },
  });
}

/** The batches of every epoch, counted. */
export async function countBatches(
  { pairs, pairTokens, training }: { pairs: TrainingPairs; pairTokens: Int32Array; training: TrainingSpec },
  { progress }: Pick<StageContext, 'progress'>,
): Promise<{ stepsPerEpoch: number[]; pairsPerEpoch: number[]; tokens: number; largestBatch: number }> {
  const { epochs, batchSize, batchSampler: sampler, seed } = training;
  const stepsPerEpoch: number[] = [];
  const pairsPerEpoch: number[] = [];
  let tokens = 0;
  let largestBatch = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const batches = planBatches({ pairs, batchSize, sampler, seed, epoch });
    stepsPerEpoch.push(batches.length);
    pairsPerEpoch.push(batches.reduce((sum, batch) => sum + batch.length, 0));
    for (const batch of batches) {
      const ofBatch = batch.reduce((sum, pair) => sum + pairTokens[pair]!, 0);
      tokens += ofBatch;
      largestBatch = Math.max(largestBatch, ofBatch);
    }
    progress({
      ...{ stage: 'tokenize', done: epoch, total: epochs, unit: 'steps' },
      note: 'counting the batches of every epoch',
    });
    await setImmediate();
  }
  return { stepsPerEpoch, pairsPerEpoch, tokens, largestBatch };
}

/** Tokens of each pair. */
export function lengthsOf({ queries, documents }: TokensPart, pairs: TrainingPairs): Int32Array {
  const length = ({ offsets }: TokensPart['queries'], index: number): number => offsets[index + 1]! - offsets[index]!;
  return pairs.queries.map((query, pair) => length(queries, query) + length(documents, pairs.documents[pair]!));
}

function longestOf({ offsets }: TokensPart['queries']): number {
  let longest = 0;
  for (let text = 1; text < offsets.length; text++) longest = Math.max(longest, offsets[text]! - offsets[text - 1]!);
  return longest;
}

function cutWarnings({ parts, maxSequenceLength }: TokensFacts): string[] {
  return Object.entries(parts).flatMap(([part, { queries, documents, cut }]) =>
    cut.queries + cut.documents === 0
      ? []
      : [
          `${part}: ${cut.queries} of ${queries} questions and ${cut.documents} of ${documents} passages are longer than ` +
            `${maxSequenceLength} tokens and were cut.`,
        ],
  );
}
