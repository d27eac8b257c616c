// What crosses between the workflow and the activities that train: an epoch of a segment, segments, what is kept of many epochs.
import type { EpochSummary } from './evaluation-stages.js';
import type { TrainingSpec } from './spec.js';
import type { ArtifactRef, CheckpointRef } from './stages.js';

/** `trainEpoch`: one epoch of a segment, from its newest checkpoint. */
export interface TrainEpochInput {
  storeId: string;
  model: ArtifactRef;
  tokens: ArtifactRef;
  plan: ArtifactRef;
  lineage: string;
  training: TrainingSpec;
  /** From 1. */
  epoch: number;
  /** Stop after so many steps of the whole run, inside the epoch. */
  untilStep?: number;
  /** To be published if nothing better comes: retention leaves it its tensors. */
  chosen?: CheckpointRef;
}
/** Who trains: what an attempt of an activity knows of itself, for the claim on a lineage. */
export interface Claimant {
  /** Namespace and workflow id. */
  workflow: string;
  activity: string;
  /** When the server scheduled this attempt, in milliseconds since 1970: rises from attempt to attempt, whatever made them. */
  scheduledMs: number;
  /** Hash of the attempt's task token. */
  owner: string;
  attempt: number;
  /** Milliseconds after which an untouched claim counts no more: two heartbeat timeouts. */
  freshMs: number;
}
export interface TrainEpochResult {
  checkpoint: CheckpointRef;
  epoch: number;
  /** False when the activity was asked to stop before the epoch's end. */
  finished: boolean;
  meanLoss: number;
  /** The epoch's loss for the eye: at most 24 points of step (from 1) and mean loss since the point before. */
  losses?: LossPoint[];
  seconds: number;
  pairs: number;
  peakMemoryMb: number;
  bitIdentical: boolean;
  warnings: string[];
}

/** Steps done (from 1), and the mean loss of the steps since the point before. */
export type LossPoint = [step: number, loss: number];

/** What the training activity tells the workflow now and then, for the run's page (the signal `reportTraining`); at most 1 KB. */
export interface TrainingReport {
  epoch: number;
  /** Steps done over the whole run. */
  step: number;
  loss?: number;
  learningRate?: number;
  pairsPerSecond?: number;
  /** Seconds until the end of training. */
  etaSeconds?: number;
  /** Since the report before, at most 16. */
  losses: LossPoint[];
}

/** `openSegment` → kind `training-plan`: training goes on from a checkpoint under other settings, under a lineage of its own. */
export interface OpenSegmentInput {
  storeId: string;
  model: ArtifactRef;
  tokens: ArtifactRef;
  /** Plan of the segment before. */
  plan: ArtifactRef;
  /** Where to go on. `epoch`: the newest checkpoint of the segment before up to this epoch's end; the base model when it has none. */
  from: { checkpoint: CheckpointRef } | { base: true } | { epoch: number };
  /** Settings from there on. */
  training: TrainingSpec;
  /** Default: that of the segment before. */
  microBatchSize?: number;
}
export interface OpenSegmentResult {
  plan: ArtifactRef;
  lineage: string;
  /** Absent when it begins with the base model. */
  parent?: CheckpointRef;
  totalSteps: number;
  microBatchSize: number;
}

/** `keepEpochs` → kind `epochs`: results of epochs that would make payloads grow with the run. */
export interface KeepEpochsInput {
  storeId: string;
  /** The ones kept before. */
  previous?: ArtifactRef;
  epochs: EpochSummary[];
}
export interface KeepEpochsResult {
  artifact: ArtifactRef;
}
