// What crosses the border between the workflow and its activities: references, hashes and small numbers, never text or tensors.
// Here what all stages share; a pair of types a stage in preparation-, training-, evaluation- and publishing-stages.ts.

/** Points to a remembered result in the store: its kind and the hash of the inputs it was made from. */
export interface ArtifactRef {
  kind: string;
  key: string;
}

/** Points to a checkpoint: which training (all that decides its weights, hashed), after how many steps. */
export interface CheckpointRef {
  lineage: string;
  step: number;
}

/** Weights to evaluate or publish: the base model's own, or a checkpoint's. */
export type WeightsRef = { base: true } | { checkpoint: CheckpointRef };

/** The stages of a run, in order. */
export const STAGES = [
  'pin',
  'download',
  'transform',
  'split',
  'corpus',
  'tokenize',
  'evaluate',
  'train',
  'publish',
] as const;
export type Stage = (typeof STAGES)[number];

/** What a stage reports while it runs; sent with heartbeats. */
export interface StageProgress {
  stage: Stage;
  done: number;
  total: number;
  unit: 'bytes' | 'files' | 'rows' | 'texts' | 'steps' | 'questions';
  epoch?: number;
  epochs?: number;
  loss?: number;
  learningRate?: number;
  pairsPerSecond?: number;
  etaSeconds?: number;
  /** One line for the eye: a warning, or what is going on. */
  note?: string;
}
export type Part = 'train' | 'validation' | 'test';
