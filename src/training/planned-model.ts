// What planning must know of the base model: lengths, prompts, dropout, size, and what a step takes of memory.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/store.js';
import type { DropoutRates, EngineParameter } from '../models/architecture.js';
import type { EncoderModel } from '../models/model-folder.js';
import type { FreezeSpec } from '../spec/spec.js';
import type { ArtifactRef } from '../spec/stages.js';
import { withBaseModel } from './base-folder.js';
import { estimateMemoryMb } from './engine-memory.js';
import { differentiatedFrom, trainedParameters } from './freeze.js';

/** A micro-batch, as far as its memory goes: attention's grows with the square of a text's length, pooling's with texts × tokens. */
export interface MicroBatchTokens {
  tokens: number;
  /** Questions and documents of the whole batch: short ones may all be in one micro-batch. */
  texts: number;
  /** Tokens of the longest text. */
  longestText: number;
  dropout: DropoutRates;
}

/** The model, as far as planning goes. */
export interface PlannedModel extends Pick<EncoderModel, 'maxSequenceLength' | 'prompts' | 'lowerCase'> {
  maxPositionEmbeddings: number;
  /** Rows of the word embedding. */
  vocabularySize: number;
  /** What its config says. */
  dropout: { hidden: number; attention: number };
  parameters: number;
  /** Those that are not frozen; default all. */
  trainedParameters?: number;
  /** All but the embeddings; those that only a forward pass goes through count a third. */
  denseParameters: number;
  /** MiB of the process in a training step with such a micro-batch. */
  estimateMb(microBatch: MicroBatchTokens): number;
  /** What the model calls itself, for warnings. */
  names: readonly string[];
}

/**
 * Describes the model in a `model-folder` artifact, for a training that freezes a part of it.
 *
 * @throws FinalError `InvalidSpec` when nothing is left to train.
 */
export function describeBaseModel(store: ArtifactStore, ref: ArtifactRef, freeze?: FreezeSpec): Promise<PlannedModel> {
  return withBaseModel(store, ref, async (model) => {
    const { config, architecture, maxSequenceLength, prompts, lowerCase, folder } = model;
    const sizeOf = (chosen: EngineParameter[]): number =>
      chosen.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
    const all = architecture.engineParameters(config);
    const parameters = sizeOf(all);
    const trained = sizeOf(trainedParameters(architecture, config, freeze));
    const inLayersFrom = (first: number): number =>
      sizeOf(all.filter(({ block }) => block !== 'embeddings' && block >= first));
    return {
      maxSequenceLength,
      prompts,
      lowerCase,
      maxPositionEmbeddings: config.maxPositionEmbeddings,
      vocabularySize: config.vocabSize,
      dropout: { hidden: config.hiddenDropout, attention: config.attentionDropout },
      parameters,
      trainedParameters: trained,
      denseParameters: (inLayersFrom(0) + 2 * inLayersFrom(differentiatedFrom(freeze))) / 3,
      estimateMb: ({ tokens, texts, longestText, dropout }) => {
        // All texts as long as the longest one: no attention over so many tokens takes more.
        const lengths = new Array<number>(Math.ceil(tokens / longestText)).fill(longestText);
        return estimateMemoryMb({ config, parameters, trainedParameters: trained, freeze, lengths, texts, dropout });
      },
      names: await modelNames(folder),
    };
  });
}

/** The names in `config.json` (where it was made from) and in the model card (its title and the name of its results). */
async function modelNames(folder: string): Promise<string[]> {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { _name_or_path?: unknown };
  const card = await readFile(join(folder, 'README.md'), 'utf8').catch(() => '');
  const titles = [...card.matchAll(/^(?:#|- name:|base_model:)\s+(\S+)\s*$/gm)].map(([, title]) => title!);
  return [config._name_or_path, ...titles].filter((name): name is string => typeof name === 'string');
}
