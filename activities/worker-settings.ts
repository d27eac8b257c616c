// What the Worker's owner sets once; a run's input never carries any of it. Nothing here is part of anything hashed.
import type { SourceSettings } from '../src/sources/source-settings.js';

/** Settings of a Worker. */
export interface WorkerSettings {
  /** Folder of the artifact store. */
  store: string;
  /** Folders that a spec's paths may lie in; relative paths are looked for in them in order. */
  dataFolders: string[];
  /** Base address of the Hub; default `https://huggingface.co`. */
  hubUrl?: string | undefined;
  /** Access token of the Hub. */
  hubToken?: string | undefined;
  /** Script of the trainer process; default: the package's own. */
  trainerPath?: string | undefined;
  /** Task queue of the activities that use the trainer; it should have one slot. Default `finetune-training`. */
  trainingTaskQueue?: string | undefined;
  /** Threads of ONNX Runtime; default: its own choice. */
  threads?: number | undefined;
  /** Milliseconds without progress after which a trainer is killed; default max(5 min, 20 × the median between reports). */
  hangTimeoutMs?: number | undefined;
  /** Seconds between two reports of the training activity to the run's page, at least; 0 = never. Default 60. */
  reportEverySeconds?: number | undefined;
}

/** Default task queue of the activities that use the trainer. */
export const DEFAULT_TRAINING_TASK_QUEUE = 'finetune-training';

/** The part of the settings that reading inputs needs. */
export function sourceSettings({ dataFolders, hubUrl, hubToken }: WorkerSettings): SourceSettings {
  return {
    dataFolders,
    ...(hubUrl === undefined ? {} : { hubUrl }),
    ...(hubToken === undefined ? {} : { hubToken }),
  };
}
