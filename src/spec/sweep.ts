// The spec of a sweep: one spec of a run as the base, the models and the settings of training to try, how many trainings go on side by side,
// and successive halving (Jamieson and Talwalkar 2016; with rounds counted in epochs): after each round the weaker trials, by NDCG@10 on
// the validation part, are trained no further. `keep` is "best" throughout: that carves the validation part, and the test part never chooses.
import { z } from 'zod';
import { FinalError } from '../errors.js';
import { datasetName, modelName } from './names.js';
import { parseAs } from './parse.js';
import { settingsSchema, withSettings, type Settings } from './settings.js';
import { shorten } from './shorten.js';
import { fineTuneSpecSchema, type FineTuneSpec, type ModelSpec } from './spec.js';

/** More trials than a table shows well; the result stays under 16 KB. */
export const MOST_TRIALS = 40;

const LONGEST_LABEL = 72;

const { model, training } = fineTuneSpecSchema.shape;
const settings = settingsSchema(['keep']);

/** Schema of a sweep. */
export const sweepSpecSchema = z.strictObject({
  /** A spec of a run, as `fineTune` takes it; `model` may be left out where `models` has them. */
  base: fineTuneSpecSchema.extend({
    model: model.optional(),
    training: training
      .unwrap()
      .extend({ keep: z.literal('best').default('best') })
      .prefault({}),
  }),
  /** Base models to try; default: that of `base`. */
  models: z.array(model).min(1).optional(),
  /** Settings of `training` to try: lists by key (every combination), or a list of sets. */
  settings: z.union([z.array(settings.one).min(1), settings.lists]).default([{}]),
  /** Trainings that go on side by side. */
  parallel: z.number().int().min(1).max(32).default(2),
  /** Rounds end after `firstEpochs`, `firstEpochs` × `factor`, … epochs; one trial in `factor` goes on. false: all are trained to their end. */
  halving: z
    .union([
      z.literal(false),
      z.strictObject({
        factor: z.number().int().min(2).default(2),
        firstEpochs: z.number().int().positive().default(1),
      }),
    ])
    .prefault({}),
});

/** A parsed sweep. */
export type SweepSpec = z.output<typeof sweepSpecSchema>;
/** What a user writes. */
export type SweepSpecInput = z.input<typeof sweepSpecSchema>;

/** A sweep that runs as it is once its paths are there, shown when nothing was given. */
export const EXAMPLE_SWEEP: SweepSpecInput = {
  base: { model: 'BAAI/bge-small-en-v1.5', dataset: { source: 'my-pairs.jsonl' }, training: { epochs: 4 } },
  settings: { learningRate: [1e-5, 2e-5, 5e-5], batchSize: [16, 32] },
};

/** One training of a sweep. */
export interface SweepTrial {
  /** From 1, in the order of the spec: models first, then settings. */
  trial: number;
  /** What sets it apart from the others. */
  label: string;
  spec: FineTuneSpec;
}

/**
 * Parses a sweep and fills in every default.
 *
 * @throws FinalError `InvalidSpec`, with one line a problem.
 */
export function parseSweep(input: unknown): SweepSpec {
  const sweep = parseAs(sweepSpecSchema, input, EXAMPLE_SWEEP);
  trialsOf(sweep);
  return sweep;
}

/**
 * The trials of a sweep: each model with each set of settings; what comes twice counts once.
 *
 * @throws FinalError `InvalidSpec` without a model, with fewer than 2 trials or more than 40.
 */
export function trialsOf(sweep: SweepSpec): SweepTrial[] {
  const { base } = sweep;
  const models = sweep.models ?? (base.model === undefined ? [] : [base.model]);
  if (models.length === 0) {
    throw new FinalError('InvalidSpec', 'models: at least one model is needed, got none here and no base.model');
  }
  const sets = Array.isArray(sweep.settings) ? sweep.settings : combinations(sweep.settings);
  const trials = new Map<string, Omit<SweepTrial, 'trial'>>();
  for (const one of models) {
    for (const set of sets) {
      const spec: FineTuneSpec = { ...base, model: one, training: withSettings(base.training, set) };
      trials.set(JSON.stringify([one, spec.training]), { label: labelOf(one, models, set), spec });
    }
  }
  if (trials.size < 2 || trials.size > MOST_TRIALS) {
    throw new FinalError(
      'InvalidSpec',
      `settings: 2 to ${MOST_TRIALS} trials (models × settings) are needed, got ${trials.size}. For one, start a run of its own (fineTune).`,
    );
  }
  return [...trials.values()].map((trial, index) => ({ trial: index + 1, ...trial }));
}

/** Epochs at the end of each round; the last is that of the longest trial. */
export function roundsOf({ halving }: Pick<SweepSpec, 'halving'>, trials: readonly SweepTrial[]): number[] {
  const epochs = Math.max(...trials.map(({ spec }) => spec.training.epochs));
  const rounds: number[] = [];
  if (halving) for (let end = halving.firstEpochs; end < epochs; end *= halving.factor) rounds.push(end);
  return [...rounds, epochs];
}

/** How many of so many trials go on into the next round. */
export function survivorsOf({ halving }: Pick<SweepSpec, 'halving'>, trials: number): number {
  return halving ? Math.ceil(trials / halving.factor) : trials;
}

/** The sweep's short name: the output's, or the dataset's with "-sweep". */
export function sweepName({ base }: SweepSpec): string {
  return base.output.name ?? `${datasetName(base.dataset)}-sweep`;
}

/** Every combination of one value by key, the last key's values changing first. */
function combinations(lists: Partial<Record<keyof Settings, unknown[]>>): Settings[] {
  return Object.entries(lists).reduce<Settings[]>(
    (sets, [key, values]) => sets.flatMap((set) => values.map((value) => ({ ...set, [key]: value }))),
    [{}],
  );
}

function labelOf(model: ModelSpec, models: readonly ModelSpec[], set: Settings): string {
  const name = modelName(model);
  const twins = models.filter((other) => modelName(other) === name).length > 1;
  const label = [
    ...(models.length === 1 && Object.keys(set).length > 0 ? [] : [twins ? fullName(model) : name]),
    ...Object.entries(set).map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ].join(', ');
  return shorten(label, LONGEST_LABEL);
}

function fullName(model: ModelSpec): string {
  if ('random' in model) return `${modelName(model)} seed ${model.random.seed}`;
  return model.revision === 'main' ? model.source : `${model.source}@${model.revision.slice(0, 12)}`;
}
