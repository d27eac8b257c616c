// The run's TensorBoard file, written once from the loss history in the store, so that no step stands twice however often the run was
// interrupted. The history keeps no wall time (equal trainings have equal checkpoints): whoever publishes says when training ended, and
// the steps are spread evenly over its seconds before that.
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/store.js';
import { DamagedError } from '../artifacts/store.js';
import { writeEventFile, type TensorBoardEvent } from '../reporting/tensorboard.js';
import { EVENT_FILE } from '../spec/published-files.js';
import type { CheckpointRef } from '../spec/stages.js';
import { findRecorded, readState } from '../training/checkpoint.js';
import { getHistory, meanLoss, type EpochHistory } from '../training/loss-history.js';

/** The history of every epoch up to a checkpoint, in order; it stays when the tensors are removed. */
export async function readHistory(store: ArtifactStore, checkpoint: CheckpointRef): Promise<EpochHistory[]> {
  const manifest = await findRecorded(store, checkpoint);
  if (!manifest)
    throw new DamagedError(
      `checkpoint ${checkpoint.lineage} step ${checkpoint.step}`,
      'it is missing or was set aside',
    );
  const { history } = await readState(store, manifest);
  const epochs = await Promise.all(Object.values(history).map((blob) => getHistory(store, blob)));
  return epochs.sort((a, b) => a.epoch - b.epoch);
}

/** When a training took place, for the eye: the steps are spread evenly over its seconds. */
export interface TrainingTime {
  seconds: number;
  /** When it ended, in milliseconds since 1970. */
  endedMs: number;
}

/** Writes loss per step and per epoch, learning rate, gradient norm, and gradient histograms once an epoch. */
export async function writeTrainingLog(
  folder: string,
  epochs: readonly EpochHistory[],
  time: TrainingTime,
): Promise<void> {
  await writeEventFile(join(folder, EVENT_FILE), trainingEvents(epochs, time));
}

function* trainingEvents(
  epochs: readonly EpochHistory[],
  { seconds, endedMs }: TrainingTime,
): Generator<TensorBoardEvent> {
  const steps = epochs.reduce((sum, epoch) => sum + epoch.steps.length, 0);
  const wallTimeOf = (done: number): number => endedMs / 1000 - seconds * (1 - done / Math.max(1, steps));
  for (const history of epochs) {
    const { epoch, gradientHistograms = {} } = history;
    for (const { step: before, loss, learningRate, gradientNorm } of history.steps) {
      const place = { step: before + 1, wallTime: wallTimeOf(before + 1) };
      yield { tag: 'loss/step', value: loss, ...place };
      yield { tag: 'learning_rate', value: learningRate, ...place };
      yield { tag: 'gradient_norm', value: gradientNorm, ...place };
    }
    const end = (history.steps.at(-1)?.step ?? 0) + 1;
    const wallTime = wallTimeOf(end);
    yield { tag: 'loss/epoch', value: meanLoss(history), step: epoch, wallTime };
    for (const [group, histogram] of Object.entries(gradientHistograms))
      yield { tag: `gradients/${group}`, histogram, step: end, wallTime };
  }
}
