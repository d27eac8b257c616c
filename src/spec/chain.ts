// The spec of a chain: dataset after dataset, each step going on from the last step's model. What all steps share stands in `base`; a step
// may set other settings of training.
import { z } from 'zod';
import { baseName, datasetName, modelName } from './names.js';
import { parseAs } from './parse.js';
import { settingsSchema, withSettings } from './settings.js';
import { fineTuneSpecSchema, type FineTuneSpec } from './spec.js';

/** Each step's model meets every step's test part: the table grows with the square. */
export const MOST_STEPS = 12;

/** Schema of a chain. */
export const chainSpecSchema = z.strictObject({
  /** A spec of a run without its dataset; `model` is the original base model. */
  base: fineTuneSpecSchema.omit({ dataset: true }),
  steps: z
    .array(
      z.strictObject({
        /** For tables and the published folder; default: the dataset's name. */
        name: fineTuneSpecSchema.shape.output.unwrap().shape.name,
        dataset: fineTuneSpecSchema.shape.dataset,
        /** What differs from `base.training`. */
        training: settingsSchema().one.optional(),
      }),
    )
    .min(1)
    .max(MOST_STEPS),
});

/** A parsed chain. */
export type ChainSpec = z.output<typeof chainSpecSchema>;
/** What a user writes. */
export type ChainSpecInput = z.input<typeof chainSpecSchema>;

/** A chain that runs as it is once its paths are there, shown when nothing was given. */
export const EXAMPLE_CHAIN: ChainSpecInput = {
  base: { model: 'BAAI/bge-small-en-v1.5', training: { epochs: 2 } },
  steps: [{ dataset: { source: 'general-pairs.jsonl' } }, { dataset: { source: 'support-pairs.jsonl' } }],
};

/** One step of a chain. */
export interface ChainStep {
  /** From 1. */
  step: number;
  /** Unlike all others of the chain. */
  name: string;
  /** With the original base model in place of the last step's. */
  spec: FineTuneSpec;
}

/**
 * Parses a chain and fills in every default.
 *
 * @throws FinalError `InvalidSpec`, with one line a problem.
 */
export function parseChain(input: unknown): ChainSpec {
  return parseAs(chainSpecSchema, input, EXAMPLE_CHAIN);
}

/** The steps of a chain, their models named `<chain>-<step>-<name>`. */
export function stepsOf(chain: ChainSpec): ChainStep[] {
  const { base, steps } = chain;
  const names = steps.map(({ name, dataset }) => name ?? datasetName(dataset));
  return steps.map(({ dataset, training }, index) => {
    const twins = names.filter((name) => name === names[index]).length > 1;
    const name = twins ? `${names[index]!}-${index + 1}` : names[index]!;
    const output = `${chainName(chain).slice(0, 50)}-${index + 1}-${names[index]!.slice(0, 40)}`;
    return {
      step: index + 1,
      name,
      spec: {
        ...base,
        dataset,
        training: withSettings(base.training, training),
        output: { ...base.output, name: output },
      },
    };
  });
}

/** The chain's short name: the output's, or first and last dataset's. */
export function chainName({ base, steps }: ChainSpec): string {
  const names = steps.map(({ name, dataset }) => name ?? datasetName(dataset));
  const ends = names.length > 1 ? [names[0]!, names.at(-1)!] : names;
  return (
    base.output.name ??
    `${ends.map((name) => name.slice(0, 30)).join('-to-')}-${baseName(modelName(base.model))}`.slice(0, 80)
  );
}
