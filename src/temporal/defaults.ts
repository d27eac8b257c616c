// Names that client and Worker agree on, and what the package calls itself.
import { hostname } from 'node:os';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Task queue of the workflow; training runs on {@link trainingTaskQueueOf} it. */
export const DEFAULT_TASK_QUEUE = 'finetune';
/** Workflow type that fine-tunes. */
export const FINE_TUNE_WORKFLOW = 'fineTune';
/** Workflow type that tries models and settings. */
export const SWEEP_WORKFLOW = 'sweep';
/** Workflow type of one training of a sweep, up to the end of a round. */
export const TRIAL_WORKFLOW = 'fineTuneTrial';
/** Workflow type that fine-tunes on one dataset after the other. */
export const CHAIN_WORKFLOW = 'chain';
/** Workflow type that trains again on data that has changed, and replaces a model that is worse. */
export const RETRAIN_WORKFLOW = 'retrain';

/** The one-slot queue beside a workflow's queue, where training runs. */
export function trainingTaskQueueOf(taskQueue: string): string {
  return `${taskQueue}-training`;
}

/** What the UI shows as a Worker's name, e.g. `trainer@gpu-3`. */
export function workerIdentity(role: 'finetune' | 'trainer'): string {
  return `${role}@${hostname()}`;
}

/** The package's root folder, from its sources and from its build alike. */
export function packageFolder(): string {
  for (const up of ['../..', '../../..']) {
    const folder = fileURLToPath(new URL(up, import.meta.url));
    if (readPackageName(folder) === 'temporal-finetune') return folder;
  }
  throw new Error('temporal-finetune: its own package.json was not found; install the package again');
}

/** Version of this package; `bundled` where its own package.json is out of sight, in a Worker that was bundled into one file. */
export function packageVersion(): string {
  try {
    return (JSON.parse(readFileSync(`${packageFolder()}/package.json`, 'utf8')) as { version: string }).version;
  } catch {
    return 'bundled';
  }
}

function readPackageName(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { name?: string }).name;
  } catch {
    return undefined;
  }
}
