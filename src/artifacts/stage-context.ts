// What every stage gets beside its input: the store, a signal that asks it to stop, and where to report.
import type { StageProgress } from '../spec/stages.js';
import type { ArtifactStore } from './store.js';

/** Surroundings of a stage; implemented by the activities, by the trainer process and by tests. */
export interface StageContext {
  store: ArtifactStore;
  /** Aborted when the stage should save and stop. */
  signal: AbortSignal;
  /** Called as often as the stage likes; the receiver thins it out. */
  progress(progress: StageProgress): void;
  /** Something to tell the user that is no error. */
  warn(message: string): void;
  /** Said before work in one piece that may take longer than silence is usually allowed: milliseconds until the next report. */
  expectSilence?(ms: number): void;
}
