// The workflow `chain`: dataset after dataset, each step a run of its own (`fineTune`) that begins with the last step's model. All data is
// pinned and prepared before the first step, so that a mistake in the last one is told at once; after each step its model meets every
// test part, so that one sees what it learnt against the original base model, and what it forgot.
import { ApplicationFailure, upsertMemo } from '@temporalio/workflow';
import { chainName, parseChain, stepsOf, type ChainSpec, type ChainStep } from '../src/spec/chain.js';
import type { ChainComparison, ChainResult, EvaluationPair, StepRow } from '../src/spec/comparison.js';
import { modelName } from '../src/spec/names.js';
import { demandValidation } from '../src/spec/outcome.js';
import { randomPart } from '../src/spec/random-model.js';
import type { ModelPin, PinResult } from '../src/spec/preparation-stages.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import type { ArtifactRef } from '../src/spec/stages.js';
import { renderChainPage, type ChainState } from './chain-page.js';
import type { ChildOutcome } from './children.js';
import { toWorkflowFailure } from './failures.js';
import type { RunOrder } from './order.js';
import { prepareData } from './prepare.js';
import { ndcgOf } from './progress.js';
import { Several, shortWarnings } from './several.js';

/**
 * Fine-tunes on one dataset after the other.
 *
 * @param input A chain (src/spec/chain.ts); without one it fails and says what is needed, with an example.
 */
export async function chain(input?: unknown): Promise<ChainResult> {
  try {
    const spec = parseChain(input);
    return await new Chain(spec, stepsOf(spec)).run();
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

/** A step's data, ready before anything is trained. */
interface Prepared {
  pins: PinResult;
  retrieval: ArtifactRef;
}

class Chain {
  private readonly state: ChainState;
  private readonly several: Several;
  /** By model and test part, beside `state.matrix`. */
  private readonly evaluations: ArtifactRef[][] = [];
  private readonly models: ModelPin[] = [];

  constructor(
    private readonly spec: ChainSpec,
    private readonly steps: readonly ChainStep[],
  ) {
    this.state = {
      base: modelName(spec.base.model),
      rows: steps.map(({ step, name }) => ({ step, name })),
      matrix: [],
    };
    this.several = new Several({
      name: chainName(spec),
      epochsPlanned: steps.reduce((sum, { spec: { training } }) => sum + training.epochs, 0),
      render: (progress) => renderChainPage(progress, this.state),
    });
  }

  async run(): Promise<ChainResult> {
    const { several, state, steps } = this;
    const prepared = await several.mending(() => this.prepare());
    let model = prepared[0]!.pins.model;
    several.enter('evaluate', 'the original base model on every test part');
    await several.mending(
      () => this.measure(model, 0, prepared),
      () => this.prepare(),
    );
    let failed: StepRow | undefined;
    let last: FineTuneResult | undefined;
    for (const { step, name, spec } of steps) {
      const row = state.rows[step - 1]!;
      several.enter('train', `step ${step} of ${steps.length}: ${name}`);
      const outcome = await this.train(step, model, prepared[step - 1]!, last);
      if ('failure' in outcome) {
        row.error = outcome.failure;
        failed = row;
        break;
      }
      last = outcome.result;
      this.note(row, last);
      several.countEpochs(spec.training.epochs, several.progress.epochsPlanned);
      several.enter('evaluate', `the model of step ${step} on every test part`);
      const { path } = last.model;
      const takeIn = async (): Promise<ModelPin> => {
        const pinned = await this.pinModel(step, path, prepared[step - 1]!);
        await this.measure(pinned, step, prepared);
        return pinned;
      };
      model = await several.mending(takeIn, () => this.prepare());
    }
    const report = await this.compare(prepared);
    if (failed) {
      const { step, name, error } = failed;
      throw ApplicationFailure.nonRetryable(
        `chain: step ${step} (${name}) failed: ${error!.message}\nThe comparison of the steps before it is in ${report}`,
        error!.type,
      );
    }
    const result: ChainResult = {
      name: several.progress.name,
      base: state.base,
      model: last!.model,
      steps: state.rows,
      matrix: state.matrix,
      report,
      warnings: shortWarnings(several.progress.warnings),
      inputsSha256: prepared.map(({ pins }) => pins.inputsSha256),
    };
    upsertMemo({ model: result.model, report, matrix: state.matrix });
    return result;
  }

  /** Pins and prepares the data of every step. */
  private async prepare(): Promise<Prepared[]> {
    const { stages } = this.several;
    const prepared: Prepared[] = [];
    for (const { step, name, spec } of this.steps) {
      stages.suffix = `-step-${step}`;
      const base = prepared[0]?.pins.model;
      const pins = await stages.stage('pin', 'pinInputs', 'pin-inputs', `Fix revisions for step ${step}, ${name}`, {
        ...{ spec, mayCreateStore: true, comparison: this.several.progress.name },
        ...(base && { pins: { model: base } }),
      });
      stages.useWorker(pins);
      const { corpus } = await prepareData(stages, spec, pins);
      demandValidation(spec, corpus);
      prepared.push({ pins, retrieval: corpus.artifact });
    }
    stages.suffix = '';
    this.several.warn(stages.state.progress.warnings);
    return prepared;
  }

  /** The step's own run, on the data that is pinned already. */
  private train(
    step: number,
    model: ModelPin,
    { pins }: Prepared,
    last: FineTuneResult | undefined,
  ): Promise<ChildOutcome<FineTuneResult>> {
    const { spec, name } = this.steps[step - 1]!;
    const order: RunOrder = { pins: { model, dataset: pins.dataset } };
    const begun = last ? { ...spec, model: { source: last.model.path, revision: 'main' } } : spec;
    return this.several.children.run('fineTune', {
      suffix: `step-${step}`,
      summary: `Step ${step}: ${name}`,
      args: [begun, null, order],
    });
  }

  private note(row: StepRow, { model, report, publishedEpoch, training, warnings }: FineTuneResult): void {
    Object.assign(row, { model, report, publishedEpoch, seconds: Math.round(training.seconds * 10) / 10 });
    this.several.warn(warnings, { number: row.step, name: `Step ${row.step} (${row.name})` });
  }

  /** Takes a published folder into the store. */
  private async pinModel(step: number, source: string, { pins }: Prepared): Promise<ModelPin> {
    const { stages } = this.several;
    stages.suffix = `-model-${step}`;
    const { spec } = this.steps[step - 1]!;
    const pinned = await stages.stage('pin', 'pinInputs', 'pin-inputs', `Take in the model of step ${step}`, {
      spec: { ...spec, model: { source, revision: 'main' } },
      mayCreateStore: false,
      pins: { dataset: pins.dataset },
    });
    return pinned.model;
  }

  /** A model on the test part of every step; `index` 0: the original base. */
  private async measure(pin: ModelPin, index: number, prepared: readonly Prepared[]): Promise<void> {
    const { stages } = this.several;
    const { storeId } = prepared[0]!.pins;
    const { base } = this.spec;
    this.models[index] = pin;
    stages.suffix = `-model-${index}`;
    const { artifact: model } = await stages.stage('download', 'downloadModel', 'download-model', pin.type, {
      ...{ storeId, pin },
      ...(index === 0 && randomPart(base.model)),
    });
    const figures: number[] = [];
    const refs: ArtifactRef[] = [];
    for (const [part, { retrieval }] of prepared.entries()) {
      const { spec, name } = this.steps[part]!;
      const result = await stages.trainerStage(
        'evaluate',
        'evaluateOn',
        `evaluate-on-${part + 1}`,
        `On the test part of ${name}`,
        {
          ...{ storeId, model, retrieval, prompts: spec.prompts, part: 'test' },
          maxSequenceLength: spec.training.maxSequenceLength,
          topK: spec.evaluation.topK,
        },
      );
      figures.push(ndcgOf(result.metrics));
      refs.push(result.artifact);
    }
    stages.suffix = '';
    this.state.matrix[index] = figures;
    this.evaluations[index] = refs;
    this.fill();
    this.several.show();
  }

  /** The figures that a step's row takes from the matrix. */
  private fill(): void {
    const { rows, matrix } = this.state;
    rows.forEach((row, part) => {
      row.base = matrix[0]![part]!;
      if (matrix[part]) row.before = matrix[part][part]!;
      if (matrix[part + 1]) row.after = matrix[part + 1]![part]!;
    });
  }

  /** The verdicts on each step, and the comparison's page. @returns its place. */
  private async compare(prepared: readonly Prepared[]): Promise<string> {
    const { several, state, evaluations, spec } = this;
    const { storeId } = prepared[0]!.pins;
    several.enter('compare', 'comparing');
    const made = state.rows.filter(({ after }) => after !== undefined);
    const pairs = (): EvaluationPair[] =>
      made.flatMap(({ step }) => {
        const after = evaluations[step]![step - 1]!;
        return [
          { before: evaluations[step - 1]![step - 1]!, after },
          { before: evaluations[0]![step - 1]!, after },
        ];
      });
    const verdicts = await several.verdictsOn(storeId, pairs(), async () => {
      for (const [index, pin] of this.models.entries()) await this.measure(pin, index, prepared);
      return pairs();
    });
    made.forEach((row, index) => {
      const [own, fromBase] = [verdicts[2 * index], verdicts[2 * index + 1]];
      Object.assign(row, { ...(own && { verdict: own }), ...(fromBase && { verdictFromBase: fromBase }) });
    });
    const comparison: ChainComparison = {
      kind: 'chain',
      name: several.progress.name,
      ...{ base: state.base, rows: state.rows, matrix: state.matrix },
      warnings: several.progress.warnings,
    };
    const { directory } = spec.base.output;
    const isWhole = made.length === state.rows.length;
    return several.publish({ storeId, directory }, comparison, isWhole ? 'done' : 'stopped after a failure');
  }
}
