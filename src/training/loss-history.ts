// What training measured at each step, and gradient histograms once an epoch: kept with the checkpoints, one blob an epoch, so that no
// step stands twice and a checkpoint does not grow with the run. TensorBoard files and the report are made from it. No wall time here.
import type { ArtifactStore, BlobRef } from '../artifacts/store.js';
import type { LossPoint } from '../spec/training-stages.js';
import type { Histogram } from './histogram.js';

/** Figures of one step. */
export interface StepRecord {
  /** From 0 over the whole run. */
  step: number;
  loss: number;
  learningRate: number;
  /** Before clipping. */
  gradientNorm: number;
}

/** Figures of one epoch. */
export interface EpochHistory {
  /** From 1. */
  epoch: number;
  steps: StepRecord[];
  /** Of the gradients of the epoch's last step, after clipping, by group of parameters; absent until the epoch is done. */
  gradientHistograms?: Record<string, Histogram>;
}

/** Mean loss of an epoch's steps. */
export function meanLoss({ steps }: Pick<EpochHistory, 'steps'>): number {
  return steps.reduce((sum, { loss }) => sum + loss, 0) / Math.max(1, steps.length);
}

const MOST_POINTS = 24;

/** The loss for the eye: mean losses of at most 24 runs of steps of equal length, each at its last step (counted from 1). */
export function lossPoints({ steps }: Pick<EpochHistory, 'steps'>): LossPoint[] {
  const width = Math.ceil(steps.length / MOST_POINTS);
  const points: LossPoint[] = [];
  for (let from = 0; from < steps.length; from += width) {
    const run = steps.slice(from, from + width);
    points.push([run[run.length - 1]!.step + 1, Number(meanLoss({ steps: run }).toPrecision(4))]);
  }
  return points;
}

/** Keeps an epoch's history as a blob. */
export function putHistory(store: ArtifactStore, history: EpochHistory): Promise<BlobRef> {
  const { epoch, steps, gradientHistograms } = history;
  return store.putBytes(
    Buffer.from(
      JSON.stringify({
        epoch,
        step: steps.map(({ step }) => step),
        loss: steps.map(({ loss }) => loss),
        learningRate: steps.map(({ learningRate }) => learningRate),
        gradientNorm: steps.map(({ gradientNorm }) => gradientNorm),
        ...(gradientHistograms ? { gradientHistograms } : {}),
      }),
    ),
  );
}

/** Reads an epoch's history back. */
export async function getHistory(store: ArtifactStore, ref: BlobRef): Promise<EpochHistory> {
  const stored = JSON.parse((await store.readBlob(ref)).toString('utf8')) as {
    epoch: number;
    step: number[];
    loss: number[];
    learningRate: number[];
    gradientNorm: number[];
    gradientHistograms?: Record<string, Histogram>;
  };
  return {
    epoch: stored.epoch,
    steps: stored.step.map((step, i) => ({
      step,
      loss: stored.loss[i]!,
      learningRate: stored.learningRate[i]!,
      gradientNorm: stored.gradientNorm[i]!,
    })),
    ...(stored.gradientHistograms ? { gradientHistograms: stored.gradientHistograms } : {}),
  };
}
