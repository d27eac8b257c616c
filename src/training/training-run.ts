// One training in progress: the engine's weights, the optimizer's moments, and where it stands. It can be put back to a checkpoint, make a
// step, and save itself; which steps to make and when to save is the epoch loop's affair (epoch.ts).
import type { ArtifactStore } from '../artifacts/store.js';
import { FinalError, RetryableError } from '../errors.js';
import type { TrainingSpec } from '../spec/spec.js';
import {
  readMoments,
  readState,
  readWeights,
  saveCheckpoint,
  type CheckpointManifest,
  type CheckpointState,
} from './checkpoint.js';
import { histogramOf, type Histogram } from './histogram.js';
import {
  getHistory,
  putHistory,
  type EpochHistory,
  type HistoryBlobs,
  type KeptHistory,
  type StepRecord,
} from './loss-history.js';
import { machineDifference, type Machine } from './numerics.js';
import { clipCoefficient, gradientNorm, type AdamW } from './optimizer.js';
import { learningRateAt, type Schedule } from './schedule.js';
import type { Parameter, TrainingBatch, TrainingEngine } from './training-engine.js';
import type { WarmEngine } from './warm-engine.js';

/** Options of {@link TrainingRun}. */
export interface TrainingRunOptions {
  store: ArtifactStore;
  lineage: string;
  warm: WarmEngine & { optimizer: AdamW };
  schedule: Schedule;
  maxGradientNorm: number;
  machine: Machine;
  /** `require`: go on only on a machine of the kind that the checkpoints are from. */
  sameNumerics: TrainingSpec['sameNumerics'];
  warn(message: string): void;
}

/** A training that stands somewhere between its first step and its last. */
export class TrainingRun {
  /** Steps done over the whole run. */
  step = 0;
  /** The present epoch, from 1, and how many of its steps are done. */
  epoch = 1;
  stepInEpoch = 0;
  /** Seconds of the present epoch, of earlier attempts; the loop adds its own when it saves. */
  epochSeconds = 0;
  bitIdentical = true;
  /** Why it is not. */
  difference: string | undefined;
  history: EpochHistory = { epoch: 1, steps: [] };
  /** The checkpoint that has the present state, if one does. */
  saved: CheckpointManifest | undefined;
  private pastHistory: Record<string, HistoryBlobs> = {};
  private keptHistory: KeptHistory | undefined;
  private lastSavedStep: number | undefined;

  constructor(private readonly options: TrainingRunOptions) {}

  /** Puts everything back to a checkpoint; a warm engine that holds it already is left as it is. */
  async restore(manifest: CheckpointManifest): Promise<void> {
    const { store, warm, machine } = this.options;
    const { content, about } = manifest;
    const difference = machineDifference(about.machine, machine, warm.engine.dimension);
    if (difference !== undefined) this.demandSameNumerics(difference);
    const momentsKey = keyOfMoments(manifest);
    if (warm.weights !== content.weights.sha256 || warm.moments !== momentsKey) {
      const [weights, moments] = [await readWeights(store, manifest), await readMoments(store, manifest)];
      warm.weights = warm.moments = undefined;
      await warm.engine.load(weights);
      warm.optimizer.load(moments);
      warm.weights = content.weights.sha256;
      warm.moments = momentsKey;
    }
    const state = await readState(store, manifest);
    const { [String(state.epoch)]: present, ...past } = state.history;
    this.step = state.step;
    this.epoch = state.epoch;
    this.stepInEpoch = state.stepInEpoch;
    this.pastHistory = past;
    this.history = present ? await getHistory(store, present) : { epoch: state.epoch, steps: [] };
    this.keptHistory = present && { steps: this.history.steps.length, blobs: present };
    this.epochSeconds = about.epochSeconds;
    // The first checkpoint of a segment is the one before's: it still has to be saved under the segment's own name.
    this.saved = manifest.lineage === this.options.lineage ? manifest : undefined;
    this.lastSavedStep = manifest.step;
    this.bitIdentical &&= about.bitIdentical && difference === undefined;
    this.difference ??= about.difference;
    if (difference !== undefined) {
      this.tell(
        `Training goes on from a checkpoint of another kind of machine (${difference}): the last bits of the result may differ.`,
      );
    }
  }

  /** Begins the next epoch. */
  async beginNextEpoch(): Promise<void> {
    this.pastHistory = {
      ...this.pastHistory,
      [String(this.epoch)]: await putHistory(this.options.store, this.history),
    };
    this.epoch++;
    this.stepInEpoch = 0;
    this.epochSeconds = 0;
    this.history = { epoch: this.epoch, steps: [] };
    this.keptHistory = undefined;
  }

  /**
   * One step: loss and gradients of the batch, clipping, update.
   *
   * @param last true at an epoch's last step, whose gradients are kept as histograms.
   * @throws FinalError `NonFiniteLoss`; the weights are then still those of the step before.
   */
  async advance(batch: Omit<TrainingBatch, 'step'>, { last = false } = {}): Promise<StepRecord> {
    const { warm, schedule, maxGradientNorm } = this.options;
    const { engine, optimizer } = warm;
    const { loss, gradients, touchedRows } = await engine.step({ ...batch, step: this.step });
    const norm = gradientNorm(engine.parameters, gradients, touchedRows);
    const learningRate = learningRateAt(schedule, this.step);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw this.notFinite(loss, norm, learningRate);
    const gradientScale = clipCoefficient(norm, maxGradientNorm);
    warm.weights = warm.moments = this.saved = undefined;
    optimizer.update({ gradients, touchedRows, learningRate, step: this.step, gradientScale });
    if (last) this.history.gradientHistograms = gradientHistograms(engine, gradients, gradientScale);
    const record = { step: this.step, loss, learningRate, gradientNorm: norm };
    this.history.steps.push(record);
    this.step++;
    this.stepInEpoch++;
    return record;
  }

  /**
   * Saves the present state. When a checkpoint of this step with other content stands already, that one is gone on from.
   *
   * @returns false when another writer's checkpoint took the place of ours.
   */
  async save(secondsSinceRestore: number): Promise<boolean> {
    const { store, lineage, warm, schedule, machine } = this.options;
    const { step, epoch, stepInEpoch, bitIdentical } = this;
    const blobs = await putHistory(store, this.history, this.keptHistory);
    const history = { ...this.pastHistory, [String(epoch)]: blobs };
    const state: CheckpointState = {
      version: 1,
      lineage,
      step,
      epoch,
      stepInEpoch,
      totalSteps: schedule.totalSteps,
      history,
    };
    const { manifest, isOurs } = await saveCheckpoint(store, {
      state,
      parameters: warm.engine.parameters,
      moments: warm.optimizer.moments,
      about: {
        machine,
        bitIdentical,
        ...(this.difference === undefined ? {} : { difference: this.difference }),
        epochSeconds: this.epochSeconds + secondsSinceRestore,
      },
    });
    if (isOurs) {
      this.saved = manifest;
      this.keptHistory = { steps: this.history.steps.length, blobs };
      this.lastSavedStep = step;
      this.bitIdentical &&= manifest.about.bitIdentical;
      warm.weights = manifest.content.weights.sha256;
      warm.moments = keyOfMoments(manifest);
      return true;
    }
    await this.restore(manifest);
    this.bitIdentical = false;
    const difference =
      machineDifference(manifest.about.machine, machine, warm.engine.dimension) ??
      'its machine looks the same as this one';
    this.tell(
      `Another writer saved step ${step} of this training with other bytes (${difference}); training goes on from its checkpoint, ` +
        'and the result is not the one that this machine alone would have made.',
    );
    return false;
  }

  /** Warns, and keeps the first such warning with the checkpoints that follow. */
  private tell(difference: string): void {
    this.difference ??= difference;
    this.options.warn(difference);
  }

  private demandSameNumerics(difference: string): void {
    if (this.options.sameNumerics !== 'require') return;
    throw new RetryableError(
      'OtherMachine',
      `Training: training.sameNumerics is "require", and the checkpoints are from another kind of machine (${difference}). ` +
        'The run waits for a Worker on a like machine; to go on here with other last bits, use "report".',
    );
  }

  private notFinite(loss: number, norm: number, learningRate: number): FinalError {
    const what = Number.isFinite(loss) ? `gradient norm is ${norm}` : `loss is ${loss}`;
    return new FinalError(
      'NonFiniteLoss',
      `Training: ${what} at step ${this.step} (epoch ${this.epoch}, learning rate ${learningRate}). ` +
        `The last good checkpoint${this.lastSavedStep === undefined ? ' is none: it failed before the first' : `, of step ${this.lastSavedStep}, is kept`}. ` +
        'Lower training.learningRate or training.scale, or look for odd texts in the data.',
    );
  }
}

function keyOfMoments({ content }: CheckpointManifest): string {
  return `${content.m.sha256} ${content.v.sha256}`;
}

/** Histograms by group: parameters of one block of one layer, or of one embedding. */
function gradientHistograms(
  { parameters }: TrainingEngine,
  gradients: Map<string, Float32Array>,
  scale: number,
): Record<string, Histogram> {
  const groups = new Map<string, Float32Array[]>();
  for (const { name } of parameters) {
    const group = groupOf(name);
    groups.set(group, [...(groups.get(group) ?? []), gradients.get(name)!]);
  }
  return Object.fromEntries([...groups].map(([group, arrays]) => [group, histogramOf(arrays, scale)]));
}

/** `encoder.layer.0.attention.self.query.weight` → `encoder.layer.0.attention`, `embeddings.word_embeddings.weight` → without its end. */
function groupOf(name: Parameter['name']): string {
  const layer = /^(.*?\blayers?\.\d+)\.([^.]+)/.exec(name);
  return layer ? `${layer[1]}.${layer[2]}` : name.split('.').slice(0, -1).join('.') || name;
}
