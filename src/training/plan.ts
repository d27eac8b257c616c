// The plan stage: token ids of all texts, every epoch's batches counted, the micro-batch decided, and with that the training's name. It is
// made before the first step, so that the schedule knows its length and a user knows what is coming.
import { readArtifact, remember, type Artifact } from '../artifacts/artifact.js';
import { PLAN_KIND } from '../artifacts/run-root.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { ArtifactStore } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import type { PlanInput, PlanResult } from '../spec/preparation-stages.js';
import type { ArtifactRef, CheckpointRef } from '../spec/stages.js';
import type { FreezeSpec } from '../spec/spec.js';
import { promptWarning, resolvePrompts } from '../text/prompts.js';
import { readTokens, tokenBlobs, tokenizeRetrieval, type TokensFacts, type TokensPart } from '../text/tokenize.js';
import { countBatches, lengthsOf, longestOf } from './batch-counts.js';
import { pairsOf, type TrainingPairs } from './batches.js';
import { newestCheckpoint } from './checkpoint.js';
import { chooseMicroBatchSize, estimateRun, memoryLimitMb } from './estimate.js';
import { lineageOf } from './lineage.js';
import { NUMERICS_VERSION } from './numerics.js';
import { describeBaseModel, type PlannedModel } from './planned-model.js';
import { tryStep } from './tried-step.js';
import { type EngineCache } from './warm-engine.js';

const VERSION = 2;
/** Share of the pairs that may be left over at an epoch's end without a warning. */
const LEFT_OVER_SHARE = 0.01;

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
  const warnings: string[] = [];
  const warn = (warning: string | undefined): void => {
    if (warning === undefined) return;
    warnings.push(warning);
    context.warn(warning);
  };
  for (const warning of [promptWarning(names, prompts), ...cutWarnings(tokens.facts)]) warn(warning);

  const part = await readTokens(context.store, tokens, 'train');
  const pairs = pairsOf(part);
  const plan = await rememberPlan({ input, tokens, part, pairs, model, limitMb }, context);
  const { facts } = plan;
  warn(leftOutWarning(facts));
  const seconds = (performance.now() - began) / 1000; // what follows is for the eye and no part of training
  const isNew = (await newestCheckpoint(context.store, facts.lineage)) === undefined;
  const engines = isNew ? context.engines : undefined;
  const measured =
    engines && !input.memoryRanOut
      ? await tryStep(engines, { model: modelRef, training, facts, part, pairs }, context)
      : undefined;
  if (engines && !measured) {
    warn(
      `training.microBatchSize: no step with micro-batches of ${facts.microBatchSize} pairs could be tried, since memory ran out: the ` +
        'estimate of time is a rough one. Set a smaller one, or give the trainer more memory.',
    );
  }
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
    kind: PLAN_KIND,
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

/** Pairs that find no other one to make a batch with; a few that are over at an epoch's end, others each time, are not worth a word. */
function leftOutWarning({ pairs, pairsPerEpoch }: TrainingPlan): string | undefined {
  const left = pairsPerEpoch.map((ofEpoch) => pairs - ofEpoch);
  const least = left.reduce((a, b) => Math.min(a, b));
  const most = left.reduce((a, b) => Math.max(a, b));
  if (most <= Math.max(1, LEFT_OVER_SHARE * pairs)) return undefined;
  const range = least === most ? `${most}` : `${least} to ${most}`;
  return (
    `training.batchSampler: ${range} of ${pairs} pairs are left out of each epoch, others each time: so many share a question or an ` +
    'answer that "noDuplicates" finds them no partner. A smaller training.batchSize leaves out fewer; "shuffle" at most one, ' +
    'but it takes shared answers for wrong ones.'
  );
}
