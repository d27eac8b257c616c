// What planning must know of the base model: lengths, prompts, dropout, size, and what a step takes of memory.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/store.js';
import type { DropoutRates } from '../models/architecture.js';
import type { EncoderModel } from '../models/model-folder.js';
import type { ArtifactRef } from '../spec/stages.js';
import { withBaseModel } from './base-folder.js';
import { estimateMemoryMb } from './engine-memory.js';

/** A micro-batch, as far as its memory goes: attention's grows with the square of a text's length. */
export interface MicroBatchTokens {
  tokens: number;
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
  /** All but the embeddings. */
  denseParameters: number;
  /** MiB of the process in a training step with such a micro-batch. */
  estimateMb(microBatch: MicroBatchTokens): number;
  /** What the model calls itself, for warnings. */
  names: readonly string[];
}

/** Describes the model in a `model-folder` artifact. */
export function describeBaseModel(store: ArtifactStore, ref: ArtifactRef): Promise<PlannedModel> {
  return withBaseModel(store, ref, async (model) => {
    const { config, architecture, maxSequenceLength, prompts, lowerCase, folder } = model;
    const tensors = architecture.parameters(config).map(({ name, shape }) => ({
      name,
      size: shape.reduce((product, side) => product * side, 1),
    }));
    const sizeOf = (chosen: typeof tensors): number => chosen.reduce((sum, { size }) => sum + size, 0);
    const parameters = sizeOf(tensors);
    return {
      maxSequenceLength,
      prompts,
      lowerCase,
      maxPositionEmbeddings: config.maxPositionEmbeddings,
      vocabularySize: config.vocabSize,
      dropout: { hidden: config.hiddenDropout, attention: config.attentionDropout },
      parameters,
      denseParameters: sizeOf(tensors.filter(({ name }) => !name.includes('embeddings.'))),
      estimateMb: ({ tokens, longestText, dropout }) => {
        // All texts as long as the longest one: no batch of so many tokens takes more.
        const lengths = new Array<number>(Math.ceil(tokens / longestText)).fill(longestText);
        return estimateMemoryMb({ config, parameters, lengths, dropout });
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
