// What planning must know of the base model: lengths, prompts, dropout, size, and what a step takes of memory.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/store.js';
import type { EncoderModel } from '../models/model-folder.js';
import type { ArtifactRef } from '../spec/stages.js';
import { withBaseModel } from './base-folder.js';

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
  /** MiB of the process in a training step with so many tokens. */
  estimateMb(tokens: number): number;
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
      estimateMb: (tokens) => estimateMb(model, parameters, tokens),
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

// Weights, gradients and both moments, and what the forward pass keeps for the backward one: about 36 numbers a hidden unit, layer and
// token, attention included (MiniLM-L6 with batches of 2,760 tokens: 1.35 GB measured, 1.5 GB by this).
function estimateMb({ config }: EncoderModel, parameters: number, tokens: number): number {
  const floats = 5 * parameters + 36 * config.hiddenSize * config.numHiddenLayers * tokens;
  return 200 + (4 * floats) / 2 ** 20;
}
