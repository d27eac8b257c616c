// Evaluates a whole model on data that it need not have been trained on: the test part of another dataset, or of the same one for the base
// model of a chain. Prompts and length are the model's own unless the spec says others, as in planning a training.
import type { ArtifactStore } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import type { EvaluateOnInput, EvaluateResult } from '../spec/evaluation-stages.js';
import type { ArtifactRef } from '../spec/stages.js';
import { resolvePrompts } from '../text/prompts.js';
import { tokenizeRetrieval } from '../text/tokenize.js';
import { describeBaseModel, type PlannedModel } from '../training/planned-model.js';
import { evaluateModel, type EvaluateContext } from './evaluate-stage.js';

/** What {@link evaluateOn} needs beside its input. */
export interface EvaluateOnContext extends EvaluateContext {
  /** Describes the model; given by tests. */
  describeModel?: (store: ArtifactStore, model: ArtifactRef) => Promise<PlannedModel>;
}

/**
 * Evaluates a model's own weights on a part of prepared data; the same inputs are evaluated once.
 *
 * @throws FinalError `InvalidSpec` when texts may be longer than the model takes, and those of tokenising and evaluating.
 */
export async function evaluateOn(input: EvaluateOnInput, context: EvaluateOnContext): Promise<EvaluateResult> {
  const { model, retrieval, prompts, maxSequenceLength, part, topK, storeId } = input;
  const { describeModel = describeBaseModel } = context;
  const described = await describeModel(context.store, model);
  const length = maxSequenceLength ?? described.maxSequenceLength;
  if (length > described.maxPositionEmbeddings) {
    throw new FinalError(
      'InvalidSpec',
      `training.maxSequenceLength: the model takes at most ${described.maxPositionEmbeddings} tokens, got ${length}`,
    );
  }
  const tokens = await tokenizeRetrieval(
    {
      ...{ model, retrieval, maxSequenceLength: length, lowerCase: described.lowerCase },
      prompts: resolvePrompts(prompts, described.prompts),
    },
    context,
  );
  const weights = { base: true } as const;
  const ref = { kind: tokens.kind, key: tokens.key };
  return evaluateModel({ storeId, model, retrieval, tokens: ref, weights, part, topK }, context);
}
