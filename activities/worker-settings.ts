// What the Worker's owner sets once; a run's input never carries any of it. Nothing here is part of anything hashed.
import type { ActivityTimes } from '../src/spec/activity-times.js';
import { demandHubList } from '../src/sources/allowed-hub.js';
import { demandHubUrl } from '../src/sources/hub-address.js';
import type { AllowedSources, SourceSettings } from '../src/sources/source-settings.js';

/** Settings of a Worker. */
export interface WorkerSettings {
  /** Folder of the artifact store. */
  store: string;
  /** Folders that a spec's paths may lie in; relative paths are looked for in them in order. */
  dataFolders: string[];
  /** What a run may read beside the data folders; default: any public repository of the Hub, without the token. */
  allowedSources?: AllowedSources | undefined;
  /** Base address of the Hub; default: HF_ENDPOINT in the environment, else `https://huggingface.co`. */
  hubUrl?: string | undefined;
  /** Access token of the Hub; default: HF_TOKEN in the environment, else HUGGING_FACE_HUB_TOKEN. Sent only for what `allowedSources.hub` names. */
  hubToken?: string | undefined;
  /** Script of the trainer process; default: the package's own. */
  trainerPath?: string | undefined;
  /** Task queue of the activities that use the trainer; it should have one slot. Default `finetune-training`. */
  trainingTaskQueue?: string | undefined;
  /** Threads of the trainer; default: one a core that the Worker may use (affinity and the container's quota count). */
  threads?: number | undefined;
  /** Milliseconds without progress after which a trainer is killed; default max(5 min, 20 × the median between reports). */
  hangTimeoutMs?: number | undefined;
  /** Seconds between two reports of the training activity to the run's page, at least; 0 = never. Default 60. */
  reportEverySeconds?: number | undefined;
  /** Timeouts and retries of the activities, in seconds. */
  activityTimes?: ActivityTimes | undefined;
  /** Set search attributes (src/spec/search-attributes.ts), which the namespace has to know. Default false. */
  searchAttributes?: boolean | undefined;
}

/** Default task queue of the activities that use the trainer. */
export const DEFAULT_TRAINING_TASK_QUEUE = 'finetune-training';

/**
 * The part of the settings that reading inputs needs.
 *
 * @throws Error when `allowedSources.hub` names what is no owner or repository, or the Hub's address is none.
 */
export function sourceSettings({
  dataFolders,
  allowedSources,
  hubUrl = process.env.HF_ENDPOINT,
  hubToken = process.env.HF_TOKEN ?? process.env.HUGGING_FACE_HUB_TOKEN,
}: Pick<WorkerSettings, 'dataFolders' | 'allowedSources' | 'hubUrl' | 'hubToken'>): SourceSettings {
  if (allowedSources?.hub) demandHubList(allowedSources.hub);
  if (hubUrl) demandHubUrl(hubUrl);
  return {
    dataFolders,
    ...(allowedSources && { allowedSources }),
    ...(hubUrl && { hubUrl }),
    ...(hubToken && { hubToken }),
  };
}
