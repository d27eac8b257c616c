// What the workflows of several runs share: their progress, the messages that they take, the stages that they run themselves (with results
// that are made again when they are damaged), and the verdicts at the end.
import { defineQuery, isCancellation, patched, setHandler } from '@temporalio/workflow';
import type {
  ChainComparison,
  EvaluationPair,
  PublishComparisonInput,
  SeveralProgress,
  ShortVerdict,
  SweepComparison,
} from '../src/spec/comparison.js';
import { shorten } from '../src/spec/shorten.js';
import { Children } from './children.js';
import { isArtifactDamaged, MOST_REPAIRS } from './failures.js';
import { pause, resume } from './messages.js';
import { newRunState } from './progress.js';
import { Run } from './run.js';

const MADE_AGAIN = 'A stored result was damaged or gone and is made again';
const MOST_WARNINGS = 20;
/** A result stays under 16 KB. */
const TOLD_WARNINGS = 10;
const TOLD_LENGTH = 160;

/** Warnings as a result tells them: the first ten, cut to 160 characters; the report has all. */
export function shortWarnings(warnings: readonly string[]): string[] {
  return warnings.slice(0, TOLD_WARNINGS).map((text) => shorten(text, TOLD_LENGTH));
}

/** A row as a result tells it: its error's message cut to 160 characters; the report has all of it. */
export function shortError<Row extends { error?: { type: string; message: string } }>(row: Row): Row {
  return row.error ? { ...row, error: { ...row.error, message: shorten(row.error.message, TOLD_LENGTH) } } : row;
}

/** Where several runs stand. */
const getSeveralProgress = defineQuery<SeveralProgress>('getProgress');

/** Options of {@link Several}. */
export interface SeveralOptions {
  name: string;
  epochsPlanned: number;
  /** The page, made anew at every change. */
  render: (progress: SeveralProgress) => string;
}

/** Surroundings of a workflow that starts runs. */
export class Several {
  readonly progress: SeveralProgress;
  readonly children: Children;
  /** Calls activities as a run does. */
  readonly stages: Run;
  private readonly told = new Map<number, string[]>();
  private trainingBegan: number | undefined;
  /** Epochs done when the clock began. */
  private doneBefore = 0;

  constructor({ name, epochsPlanned, render }: SeveralOptions) {
    this.progress = {
      ...{ name, epochsPlanned, stage: 'prepare', note: 'preparing the data', epochsDone: 0 },
      ...{ paused: false, running: [], warnings: [] },
    };
    this.stages = new Run(newRunState(name, 1), () => render(this.progress));
    this.children = new Children(this.progress, () => this.show());
    setHandler(getSeveralProgress, () => this.progress, {
      description:
        'Stage, epochs done and planned, seconds left, the runs that go on now, warnings; at the end the report',
    });
    setHandler(pause, () => this.children.pause(), {
      description: 'Let the running trainings save a checkpoint and wait for "resume"; start no others. No data',
    });
    setHandler(resume, () => this.children.resume(), { description: 'Go on after "pause". No data' });
    this.show();
  }

  /** Renders the page anew. */
  show(): void {
    this.stages.show();
  }

  /** Says what goes on. */
  enter(stage: SeveralProgress['stage'], note: string): void {
    Object.assign(this.progress, { stage, note });
    if (stage === 'train' && this.trainingBegan === undefined) {
      this.trainingBegan = Date.now();
      this.doneBefore = this.progress.epochsDone;
    }
    this.show();
  }

  /** Notes epochs that are trained, and how many are planned in all by now. */
  countEpochs(done: number, planned: number): void {
    const { progress } = this;
    Object.assign(progress, { epochsDone: progress.epochsDone + done, epochsPlanned: planned });
    const since = progress.epochsDone - this.doneBefore;
    if (since > 0 && this.trainingBegan !== undefined) {
      const secondsAnEpoch = (Date.now() - this.trainingBegan) / 1000 / since;
      progress.etaSeconds = Math.round(secondsAnEpoch * Math.max(0, planned - progress.epochsDone));
    }
    this.show();
  }

  /**
   * Collects warnings, each once; the first twenty.
   *
   * @param run Number of the run that told them, and its name, e.g. "Trial 2"; they stand in the order of the runs, whichever ends first.
   */
  warn(warnings: readonly string[], run?: { number: number; name: string }): void {
    const known = this.told.get(0) ?? [];
    const named = run ? warnings.filter((one) => !known.includes(one)).map((one) => `${run.name}: ${one}`) : warnings;
    const place = run?.number ?? 0;
    this.told.set(place, [...new Set([...(this.told.get(place) ?? []), ...named])]);
    const inOrder = [...this.told.entries()].sort(([a], [b]) => a - b).flatMap(([, texts]) => texts);
    this.progress.warnings = inOrder.slice(0, MOST_WARNINGS);
  }

  /**
   * Runs stages; when a stored result turns out damaged or gone, all of them again, which find at once what is whole.
   *
   * @param earlier Stages before these, to be gone through first then.
   */
  async mending<T>(work: () => Promise<T>, earlier?: () => Promise<unknown>): Promise<T> {
    const began = this.stages.repairs;
    for (;;) {
      try {
        if (this.stages.repairs > began) await earlier?.();
        return await work();
      } catch (error) {
        if (isCancellation(error) || !isArtifactDamaged(error) || this.stages.repairs >= MOST_REPAIRS) throw error;
        this.stages.repairs++;
        this.warn([MADE_AGAIN]);
      }
    }
  }

  /** Writes the comparison's page and says that all is done. @returns its place. */
  async publish(
    { storeId, directory }: Pick<PublishComparisonInput, 'storeId' | 'directory'>,
    comparison: SweepComparison | ChainComparison,
    note: string,
  ): Promise<string> {
    const { name } = this.progress;
    const input = { storeId, comparison, directory };
    const { report } = await this.stages.trainerStage(
      'publish',
      'publishComparison',
      'publish-comparison',
      name,
      input,
    );
    this.progress.report = report;
    this.enter('done', note);
    return report;
  }

  /**
   * The verdicts on pairs of evaluations; none when one of them is gone from the store and does not come back.
   *
   * @param measureAgain Makes all evaluations again, which finds at once what is whole.
   */
  async verdictsOn(
    storeId: string,
    pairs: EvaluationPair[],
    measureAgain: () => Promise<EvaluationPair[]>,
  ): Promise<(ShortVerdict | undefined)[]> {
    if (pairs.length === 0) return [];
    const compare = async (of: EvaluationPair[]): Promise<ShortVerdict[]> => {
      const summary = 'Paired bootstrap over the test answers';
      const input = { storeId, pairs: of };
      return (await this.stages.trainerStage('evaluate', 'compareEvaluations', 'compare-evaluations', summary, input))
        .verdicts;
    };
    try {
      return await compare(pairs).catch(async (error: unknown) => {
        if (!isArtifactDamaged(error) || !patched('evaluations-again')) throw error;
        this.stages.repairs++;
        this.warn([MADE_AGAIN]);
        return compare(await measureAgain());
      });
    } catch (error) {
      if (!isArtifactDamaged(error)) throw error;
      this.warn(['Evaluations were gone from the store before they were compared: the comparison has no intervals']);
      return pairs.map(() => undefined);
    }
  }
}
