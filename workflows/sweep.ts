// The workflow `sweep`: trains several models and settings on one prepared dataset and publishes the best. In rounds: every trial still in
// the race trains on to the round's end (trial.ts), they are compared on the validation part, and the weaker ones are trained no further.
// The test part has no say; the best trial is published by a run of its own, which finds all its epochs trained.
import { ApplicationFailure, upsertMemo } from '@temporalio/workflow';
import type { EvaluationPair, SweepComparison, SweepResult } from '../src/spec/comparison.js';
import { datasetName, modelName } from '../src/spec/names.js';
import { demandValidation } from '../src/spec/outcome.js';
import type { ModelSpec } from '../src/spec/spec.js';
import type { DatasetPin, ModelPin } from '../src/spec/preparation-stages.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import {
  parseSweep,
  roundsOf,
  survivorsOf,
  sweepName,
  trialsOf,
  type SweepSpec,
  type SweepTrial,
} from '../src/spec/sweep.js';
import type { ChildOutcome } from './children.js';
import { toWorkflowFailure } from './failures.js';
import type { RunOrder } from './order.js';
import { prepareData } from './prepare.js';
import { ndcgOf } from './progress.js';
import { Several, shortError, shortWarnings } from './several.js';
import { allFailed, byValidation, epochsAhead, nameOf, racersOf, type Racer } from './racers.js';
import { renderSweepPage } from './sweep-page.js';
import type { TrialResult } from './trial.js';

/**
 * Tries models and settings, stops the weaker early, and publishes the best.
 *
 * @param input A sweep (src/spec/sweep.ts); without one it fails and says what is needed, with an example.
 */
export async function sweep(input?: unknown): Promise<SweepResult> {
  try {
    const spec = parseSweep(input);
    return await new Sweep(spec, trialsOf(spec)).run();
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

interface Pinned {
  storeId: string;
  dataset: DatasetPin;
  /** By model, in the order of the trials. */
  models: Map<string, ModelPin>;
  inputsSha256: string[];
}

class Sweep {
  private readonly racers: Racer[];
  private readonly rounds: number[];
  private readonly several: Several;
  /** Once it is published. */
  private best: SweepResult['best'] | undefined;

  constructor(
    private readonly spec: SweepSpec,
    trials: readonly SweepTrial[],
  ) {
    this.rounds = roundsOf(spec, trials);
    this.racers = racersOf(trials);
    this.several = new Several({
      name: sweepName(spec),
      epochsPlanned: epochsAhead(spec, this.rounds, this.racers),
      render: (progress) =>
        renderSweepPage(progress, { trials: this.racers, epochs: this.rounds.at(-1)!, best: this.best }),
    });
  }

  async run(): Promise<SweepResult> {
    const { several, rounds } = this;
    const pinned = await several.mending(() => this.prepare());
    const best = await this.race(pinned);
    best.row.outcome = 'best';
    const published = await this.publish(best, pinned);
    if ('result' in published) {
      best.status = 'best';
      const { model, report, verdict, metrics } = published.result;
      this.best = {
        ...{ trial: best.row.trial, label: best.row.label, model, report },
        metrics: { before: metrics.before, after: metrics.after },
        verdict,
      };
      several.warn(published.result.warnings, nameOf(best));
    } else {
      best.status = 'not published';
      best.row.error = published.failure;
    }
    const report = await this.compare(pinned, 'result' in published ? published.result : undefined);
    if ('failure' in published) {
      const { type, message } = published.failure;
      throw ApplicationFailure.nonRetryable(
        `sweep: trial ${best.row.trial} (${best.row.label}) is best, but could not be published: ${message}\nThe comparison is in ${report}`,
        type,
      );
    }
    const { model, verdict } = published.result;
    const result: SweepResult = {
      name: several.progress.name,
      best: this.best!,
      trials: this.racers.map(({ row }) => shortError(row)),
      rounds,
      report,
      warnings: shortWarnings(several.progress.warnings),
      inputsSha256: pinned.inputsSha256,
    };
    upsertMemo({ model, report, verdict, best: best.row.label });
    return result;
  }

  /** Pins every model and the dataset, and prepares the data once, before any trial looks for it. */
  private async prepare(): Promise<Pinned> {
    const { stages } = this.several;
    const models = new Map<string, ModelPin>();
    const inputsSha256: string[] = [];
    let first: { storeId: string; dataset: DatasetPin } | undefined;
    for (const { spec } of this.racers.map(({ trial }) => trial)) {
      const key = JSON.stringify(spec.model);
      if (models.has(key)) continue;
      const id = first ? `pin-inputs-model-${models.size + 1}` : 'pin-inputs';
      const pins = await stages.stage('pin', 'pinInputs', id, `Fix revisions: ${modelName(spec.model)}`, {
        // The settings that are tried belong to the sweep, not to its inputs.
        spec: { ...spec, training: this.spec.base.training },
        mayCreateStore: true,
        comparison: this.several.progress.name,
        ...(first && { pins: { dataset: first.dataset } }),
      });
      stages.useWorker(pins);
      models.set(key, pins.model);
      inputsSha256.push(pins.inputsSha256);
      first ??= { storeId: pins.storeId, dataset: pins.dataset };
    }
    const { spec } = this.racers[0]!.trial;
    const { corpus } = await prepareData(stages, spec, first!);
    demandValidation(spec, corpus);
    this.several.warn(stages.state.progress.warnings);
    return { ...first!, models, inputsSha256 };
  }

  /** All rounds. @returns the best trial that was trained to its end. */
  private async race(pinned: Pinned): Promise<Racer> {
    const { several, rounds, spec } = this;
    let alive = this.racers;
    for (const [index, end] of rounds.entries()) {
      const isLast = index === rounds.length - 1;
      // One alone needs no comparison before the end.
      if (!isLast && alive.length === 1) continue;
      const of = isLast ? '' : ` of ${rounds.at(-1)!}`;
      several.enter(
        'train',
        `round ${index + 1} of ${rounds.length}: ${alive.length} ${alive.length === 1 ? 'trial' : 'trials'} to epoch ${end}${of}`,
      );
      const entered = alive.length;
      await several.children.each(alive, spec.parallel, (racer) => this.train(racer, end, pinned, index));
      alive = alive.filter(({ row }) => row.outcome !== 'failed');
      if (alive.length === 0) throw allFailed(this.racers);
      if (isLast) break;
      const going = new Set(byValidation(alive).slice(0, survivorsOf(spec, entered)));
      for (const racer of alive.filter((one) => !going.has(one))) {
        racer.row.outcome = 'stopped';
        racer.status = `stopped at ${racer.row.epochs}`;
      }
      alive = alive.filter((racer) => going.has(racer));
    }
    return byValidation(alive)[0]!;
  }

  /** One trial to the end of a round. */
  private async train(racer: Racer, end: number, pinned: Pinned, round: number): Promise<void> {
    const { trial, row } = racer;
    const untilEpoch = Math.min(end, trial.spec.training.epochs);
    if (row.epochs >= untilEpoch) return;
    racer.status = `to epoch ${untilEpoch} …`;
    const outcome = await this.runTrial(racer, untilEpoch, pinned);
    const before = row.epochs;
    if ('failure' in outcome) {
      Object.assign(row, { outcome: 'failed', error: outcome.failure });
      racer.status = 'failed';
      const { type, message } = outcome.failure;
      this.several.warn([`failed: ${type}: ${message}`], nameOf(racer));
    } else {
      const { result } = outcome;
      racer.result = result;
      racer.curve = result.curve;
      racer.status = untilEpoch === trial.spec.training.epochs ? 'complete' : `at epoch ${result.epochs}`;
      Object.assign(row, {
        epochs: result.epochs,
        bestEpoch: result.bestEpoch,
        validation: result.validation,
        before: ndcgOf(result.before.metrics),
        after: ndcgOf(result.after.metrics),
        seconds: Math.round(result.training.seconds * 10) / 10,
      });
      this.several.warn(result.warnings, nameOf(racer));
    }
    const going = this.racers.filter((other) => other.row.outcome === 'finished');
    const done = row.epochs - before;
    this.several.countEpochs(
      done,
      this.several.progress.epochsDone + done + epochsAhead(this.spec, this.rounds.slice(round), going),
    );
  }

  private runTrial({ trial, row }: Racer, untilEpoch: number, pinned: Pinned): Promise<ChildOutcome<TrialResult>> {
    const order: RunOrder = {
      pins: pinsOf(trial.spec.model, pinned),
      untilEpoch,
      name: `trial ${row.trial}: ${row.label}`,
    };
    return this.several.children.run('fineTuneTrial', {
      suffix: `trial-${row.trial}-to-epoch-${untilEpoch}`,
      summary: `Trial ${row.trial} to epoch ${untilEpoch}: ${row.label}`,
      args: [trial.spec, null, order],
    });
  }

  /** The best one as a run of its own, which trains nothing anew. */
  private publish({ trial, row }: Racer, pinned: Pinned): Promise<ChildOutcome<FineTuneResult>> {
    this.several.enter('publish', `publishing trial ${row.trial}: ${row.label}`);
    const order: RunOrder = { pins: pinsOf(trial.spec.model, pinned) };
    return this.several.children.run('fineTune', {
      suffix: 'best',
      summary: `Publish trial ${row.trial}: ${row.label}`,
      args: [trial.spec, null, order],
    });
  }

  /** Verdicts on all trials, and the comparison's page. @returns its place. */
  private async compare(pinned: Pinned, published: FineTuneResult | undefined): Promise<string> {
    const { several, racers, rounds, spec } = this;
    const { storeId } = pinned;
    several.enter('compare', 'comparing');
    const measured = racers.filter(({ result }) => result !== undefined);
    const pairs = (): EvaluationPair[] =>
      measured.map(({ result }) => ({ before: result!.before.artifact, after: result!.after.artifact }));
    const verdicts = await several.verdictsOn(storeId, pairs(), async () => {
      // Trials find all that is whole, so this trains nothing.
      await several.children.each(measured, spec.parallel, async (racer) => {
        const outcome = await this.runTrial(racer, racer.row.epochs, pinned);
        if ('result' in outcome) racer.result = outcome.result;
      });
      return pairs();
    });
    measured.forEach(({ row }, index) => {
      if (verdicts[index]) row.verdict = verdicts[index];
    });
    const comparison: SweepComparison = {
      kind: 'sweep',
      name: several.progress.name,
      dataset: datasetName(spec.base.dataset),
      rounds,
      rows: racers.map(({ row }) => row),
      curves: racers.map(({ curve }) => curve),
      ...(published && { model: published.model.path }),
      warnings: several.progress.warnings,
    };
    const { directory } = spec.base.output;
    return several.publish({ storeId, directory }, comparison, published ? 'done' : 'not published');
  }
}

function pinsOf(model: ModelSpec, { dataset, models }: Pinned): { model: ModelPin; dataset: DatasetPin } {
  return { model: models.get(JSON.stringify(model))!, dataset };
}
