// The spec: the one thing a user writes. Names are the same in JSON, in code and in the docs; unknown keys are refused.
// Everything but `model` and `dataset` has a default. It is parsed here once, also inside the workflow sandbox, so this file
// imports nothing native. Defaults follow the LlamaIndex fine-tuning engine, but for dropout 0 and corpusCount 0.
import { z } from 'zod';

const text = z.string().min(1);
const columnNames = z
  .union([text, z.array(text).min(1)])
  .transform((value) => (typeof value === 'string' ? [value] : value));
const fraction = z.number().min(0).max(1);

/** Shape of an encoder that starts from random weights, with the tokenizer of a given folder. */
const randomModelSchema = z.strictObject({
  /** Folder with `tokenizer.json` (and `tokenizer_config.json`): the vocabulary of the new model. */
  tokenizer: text,
  hiddenSize: z.number().int().positive().default(128),
  numHiddenLayers: z.number().int().positive().default(4),
  numAttentionHeads: z.number().int().positive().default(4),
  intermediateSize: z.number().int().positive().default(512),
  maxPositionEmbeddings: z.number().int().positive().default(512),
  pooling: z.enum(['mean', 'cls']).default('mean'),
  /** Seed of the initial weights (normal, deviation 0.02, as transformers draws them). */
  seed: z.number().int().nonnegative().default(42),
});

/** Where the base model comes from: a Hub id or a folder, pinned to a revision, or random weights of a given shape. */
const modelSchema = z.union([
  text.transform((source) => ({ source, revision: 'main' })),
  z.strictObject({ source: text, revision: text.default('main') }),
  z.strictObject({ random: randomModelSchema }),
]);

/** A table of questions and answers that goes through transform, split and corpus. */
const tableDatasetSchema = z.strictObject({
  /** Hub id, file or folder. */
  source: text,
  revision: text.default('main'),
  /** Splits to load; several given splits (train, validation, test) are kept as they are. */
  splits: z.array(text).min(1).default(['train']),
  columns: z
    .strictObject({ question: columnNames.default(['question']), answer: columnNames.default(['answer']) })
    .prefault({}),
  /** Stands between joined columns. */
  separator: z.string().default(' '),
  /** Literal texts that are replaced by nothing. */
  strip: z.array(text).default([]),
  /** Share of the answers that goes into the test part; 0 keeps the given splits. */
  testRatio: fraction.default(0.2),
  /** Share of the training answers that `training.keep: "best"` chooses the epoch on. */
  validationRatio: fraction.default(0.1),
  /** How many random other answers are mixed into each corpus document. */
  corpusCount: z.number().int().nonnegative().default(0),
  /** Seed of the split and of the corpus; the training seed does not touch them. */
  seed: z.number().int().nonnegative().default(42),
});

/** Ready EmbeddingQAFinetuneDataset files or BEIR folders, which skip transform, split and corpus. */
const readyDatasetSchema = z.strictObject({ train: text, test: text, validation: text.optional() });

const datasetSchema = z.union([
  text.transform((source) => tableDatasetSchema.parse({ source })),
  readyDatasetSchema,
  tableDatasetSchema,
]);

/** What of the encoder keeps the base model's weights; to freeze nothing is the same as to leave the key out. */
const freezeInputSchema = z
  .strictObject({
    /** Word, position and type embeddings with their LayerNorm. */
    embeddings: z.boolean().default(true),
    /** The lowest layers, counted from the embeddings. */
    layers: z.number().int().nonnegative().default(0),
  })
  .nullable();
const freezeSchema = freezeInputSchema.transform((freeze) => (freezesAny(freeze) ? freeze : undefined)).optional();

/** `training.freeze` of a set of settings: null, which outlives JSON, takes away what a base freezes. */
export const freezeSettingSchema = freezeInputSchema.transform((freeze) => (freezesAny(freeze) ? freeze : null));

function freezesAny<Freeze extends { embeddings: boolean; layers: number }>(freeze: Freeze | null): freeze is Freeze {
  return freeze !== null && (freeze.embeddings || freeze.layers > 0);
}

/** More epochs than anybody needs; a run's history stays within the server's limits. */
export const MOST_EPOCHS = 1000;

const trainingSchema = z.strictObject({
  loss: z.enum(['MultipleNegativesRankingLoss']).default('MultipleNegativesRankingLoss'),
  /** Similarity scale of the loss (cosine × scale). */
  scale: z.number().positive().default(20),
  epochs: z.number().int().positive().max(MOST_EPOCHS).default(3),
  /** Pairs a step. */
  batchSize: z.number().int().min(2).default(10),
  /** `noDuplicates` never puts one question or answer twice into a batch. */
  batchSampler: z.enum(['noDuplicates', 'shuffle']).default('noDuplicates'),
  learningRate: z.number().positive().default(2e-5),
  warmupRatio: fraction.default(0.1),
  weightDecay: z.number().nonnegative().default(0.01),
  /** Gradients are scaled so that their norm over all parameters is at most this. */
  maxGradientNorm: z.number().positive().default(1.0),
  /** Tokens a text, special tokens included; null = what the model's folder says. */
  maxSequenceLength: z.number().int().min(4).nullable().default(null),
  /** Probability at the sites where transformers drops out; "model" = what its config says. */
  dropout: z.union([z.number().min(0).max(0.9), z.literal('model')]).default(0),
  /** Parts that are not trained: the step is faster, checkpoints are smaller. Default: none. */
  freeze: freezeSchema,
  seed: z.number().int().nonnegative().default(42),
  /** Seconds between checkpoints inside an epoch; stretched to 50 × what one costs, so that all take less than 2 % of the time. */
  checkpointEverySeconds: z.number().positive().default(30),
  /**
   * Pairs of the greatest length that memory must hold at once; shorter ones go together in greater number (gradient caching: the loss stays that of the
   * whole batch). null = estimated from the memory there is.
   */
  microBatchSize: z.number().int().positive().nullable().default(null),
  /** Which epoch is published: the last one, or the best one on a validation part of the training data. */
  keep: z.enum(['last', 'best']).default('last'),
  /**
   * When a Worker on another kind of machine (processor, ONNX Runtime) would go on from a checkpoint: `report` goes on and says that the
   * last bits may differ, `require` waits for a like machine.
   */
  sameNumerics: z.enum(['report', 'require']).default('report'),
});

const evaluationSchema = z.strictObject({
  /** Cutoff of the hit rate. */
  topK: z.number().int().positive().default(5),
});

const outputSchema = z.strictObject({
  /** Folder name of the published model; default: from the dataset's and the model's names. */
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
      'use letters, digits, dot, dash and underscore, beginning with a letter or digit',
    )
    .optional(),
  /** Root of the result: `<directory>/data/{dataset,embeddings,logs}`. */
  directory: text.default('finetuned'),
});

/** Schema of a fine-tuning run. */
export const fineTuneSpecSchema = z.strictObject({
  model: modelSchema,
  dataset: datasetSchema,
  /** Texts put before every question and every passage; default: what the model's folder says. */
  prompts: z.strictObject({ query: z.string().optional(), passage: z.string().optional() }).prefault({}),
  training: trainingSchema.prefault({}),
  evaluation: evaluationSchema.prefault({}),
  output: outputSchema.prefault({}),
});

/** A parsed spec: every default filled in. */
export type FineTuneSpec = z.output<typeof fineTuneSpecSchema>;
/** What a user writes. */
export type FineTuneSpecInput = z.input<typeof fineTuneSpecSchema>;
/** The base model as the spec names it. */
export type ModelSpec = FineTuneSpec['model'];
/** Shape of a model that starts from random weights. */
export type RandomModelSpec = z.output<typeof randomModelSchema>;
/** A dataset as the spec names it. */
export type DatasetSpec = FineTuneSpec['dataset'];
/** A table of questions and answers. */
export type TableDatasetSpec = z.output<typeof tableDatasetSchema>;
/** Ready retrieval files. */
export type ReadyDatasetSpec = z.output<typeof readyDatasetSchema>;
/** Hyperparameters of training. */
export type TrainingSpec = FineTuneSpec['training'];

/** What of the encoder is frozen. */
export type FreezeSpec = NonNullable<TrainingSpec['freeze']>;

/** Tells a table from ready retrieval files. */
export function isReadyDataset(dataset: DatasetSpec): dataset is ReadyDatasetSpec {
  return 'train' in dataset;
}
