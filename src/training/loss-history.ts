// What training measured at each step, and gradient histograms once an epoch: kept with the checkpoints, and TensorBoard files and the
// report are made from it. No wall time here. An epoch that is done has one blob. While it goes on its steps lie in pieces, cut like the
// digits of a binary counter (64 · 2^k steps, each smaller than the one before, and a rest below 64), so that a checkpoint adds few bytes
// however long the epoch is. The cut follows from the number of steps alone: where checkpoints were made changes no byte of a later one.
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

/** An epoch's history in the store: one blob, or pieces in the order of their steps. */
export type HistoryBlobs = BlobRef | BlobRef[];

/** What a checkpoint before has kept of the same epoch. */
export interface KeptHistory {
  steps: number;
  blobs: HistoryBlobs;
}

/** Keeps an epoch's history; the pieces that `before` has are not written again. */
export async function putHistory(
  store: ArtifactStore,
  history: EpochHistory,
  before?: KeptHistory,
): Promise<HistoryBlobs> {
  if (history.gradientHistograms) return putPiece(store, history);
  const { epoch, steps } = history;
  const kept = new Map<string, BlobRef>();
  if (before) {
    const [cuts, blobs] = [cutsOf(before.steps), [before.blobs].flat()];
    // One blob may hold more than one piece: earlier versions wrote all steps into it.
    if (cuts.length === blobs.length) cuts.forEach((cut, i) => kept.set(String(cut), blobs[i]!));
  }
  const pieces: BlobRef[] = [];
  for (const cut of cutsOf(steps.length)) {
    pieces.push(kept.get(String(cut)) ?? (await putPiece(store, { epoch, steps: steps.slice(...cut) })));
  }
  return pieces.length === 1 ? pieces[0]! : pieces;
}

/** Reads an epoch's history back. */
export async function getHistory(store: ArtifactStore, blobs: HistoryBlobs): Promise<EpochHistory> {
  const pieces: EpochHistory[] = [];
  for (const blob of [blobs].flat()) pieces.push(await getPiece(store, blob));
  return { ...pieces.at(-1)!, steps: pieces.flatMap(({ steps }) => steps) };
}

const LEAST_PIECE = 64;

/** Where so many steps are cut: of each piece its first step and the one after its last, counted in the epoch. */
function cutsOf(steps: number): [from: number, to: number][] {
  const cuts: [number, number][] = [];
  for (let from = 0; from < steps || cuts.length === 0; from = cuts.at(-1)![1]) {
    const rest = steps - from;
    const width = rest < LEAST_PIECE ? rest : LEAST_PIECE * 2 ** (31 - Math.clz32(rest / LEAST_PIECE));
    cuts.push([from, from + width]);
  }
  return cuts;
}

function putPiece(store: ArtifactStore, { epoch, steps, gradientHistograms }: EpochHistory): Promise<BlobRef> {
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

async function getPiece(store: ArtifactStore, ref: BlobRef): Promise<EpochHistory> {
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
