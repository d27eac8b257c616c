// Typed helpers for whoever starts and follows sweeps and chains; nothing native. As single runs they are known by a workflow id that follows
// from their spec: one that runs is joined, and one that is complete is not run again while its inputs are the same.
import type { Client } from '@temporalio/client';
import { sha256OfJson } from '../artifacts/hash.js';
import { chainName, parseChain, stepsOf, type ChainSpec, type ChainSpecInput } from '../spec/chain.js';
import type { ChainResult, SeveralProgress, SweepResult } from '../spec/comparison.js';
import { outputName } from '../spec/names.js';
import type { FineTuneSpec } from '../spec/spec.js';
import { parseSweep, sweepName, trialsOf, type SweepSpec, type SweepSpecInput } from '../spec/sweep.js';
import { hashInputs } from './client.js';
import { CHAIN_WORKFLOW, DEFAULT_TASK_QUEUE, SWEEP_WORKFLOW } from './defaults.js';
import { isSame, startOrJoin, type WorkflowRun } from './start-or-join.js';

/** A sweep that was started, joined, or found complete. */
export type SweepRun = WorkflowRun<SweepResult>;
/** A chain that was started, joined, or found complete. */
export type ChainRun = WorkflowRun<ChainResult>;

/** Options of {@link startSweep} and {@link startChain}. */
export interface StartSeveralOptions<Result> {
  /** Default: the name and the first digits of the parsed spec's hash. */
  workflowId?: string | undefined;
  taskQueue?: string;
  /**
   * Whether a complete one of the same order (settings that are tried, steps, output) still stands; if not, it starts anew (what it made
   * before is found again). Default: its inputs are the same.
   */
  isCurrent?: (result: Result) => Promise<boolean>;
}

/**
 * Starts a sweep, joins the one that runs under its id, or finds it complete.
 *
 * @throws FinalError `InvalidSpec` before anything is started, also when a workflow of another type runs under the id.
 */
export async function startSweep(
  client: Client,
  spec: SweepSpecInput,
  { workflowId, taskQueue = DEFAULT_TASK_QUEUE, isCurrent }: StartSeveralOptions<SweepResult> = {},
): Promise<SweepRun> {
  const parsed = parseSweep(spec);
  const name = sweepName(parsed);
  return startOrJoin(client, {
    workflowType: SWEEP_WORKFLOW,
    workflowId: workflowId ?? `${name}-${sha256OfJson(parsed).slice(0, 10)}`,
    ...{ taskQueue, args: [parsed] },
    summary: `${trialsOf(parsed).length} trials → ${name}`,
    isSameOrder: (input) => isSame(orderOfSweep, parsed, () => parseSweep(input)),
    isCurrent: isCurrent ?? ((result) => hasSameSweepInputs(client, result, parsed, taskQueue)),
  });
}

/**
 * Starts a chain, joins the one that runs under its id, or finds it complete.
 *
 * @throws FinalError `InvalidSpec` before anything is started, also when a workflow of another type runs under the id.
 */
export async function startChain(
  client: Client,
  spec: ChainSpecInput,
  { workflowId, taskQueue = DEFAULT_TASK_QUEUE, isCurrent }: StartSeveralOptions<ChainResult> = {},
): Promise<ChainRun> {
  const parsed = parseChain(spec);
  const name = chainName(parsed);
  return startOrJoin(client, {
    workflowType: CHAIN_WORKFLOW,
    workflowId: workflowId ?? `${name}-${sha256OfJson(parsed).slice(0, 10)}`,
    ...{ taskQueue, args: [parsed] },
    summary: `${parsed.steps.length} steps → ${name}`,
    isSameOrder: (input) => isSame(orderOfChain, parsed, () => parseChain(input)),
    isCurrent: isCurrent ?? ((result) => hasSameChainInputs(client, result, parsed, taskQueue)),
  });
}

/** What a sweep tries and where it publishes; its inputs' hashes leave that out. */
function orderOfSweep(spec: SweepSpec): unknown {
  const trials = trialsOf(spec).map(({ spec: trial }) => [outputName(trial), trial.training]);
  return [sweepName(spec), spec.base.output.directory, spec.halving, trials];
}

/** The steps of a chain and where they publish; its inputs' hashes leave that out. */
function orderOfChain(spec: ChainSpec): unknown {
  const steps = stepsOf(spec).map(({ name, spec: step }) => [name, outputName(step)]);
  return [chainName(spec), spec.base.output.directory, steps];
}

/** Where a sweep or a chain stands. */
export function severalProgress(
  client: Client,
  { workflowId, runId }: Pick<WorkflowRun<unknown>, 'workflowId' | 'runId'>,
): Promise<SeveralProgress> {
  return client.workflow.getHandle(workflowId, runId || undefined).query<SeveralProgress>('getProgress');
}

/** True when every model and the data are what they were. */
export function hasSameSweepInputs(
  client: Client,
  { inputsSha256 }: SweepResult,
  spec: SweepSpec,
  taskQueue: string,
): Promise<boolean> {
  const byModel = new Map(trialsOf(spec).map(({ spec: trial }) => [JSON.stringify(trial.model), trial]));
  const specs = [...byModel.values()].map((trial) => ({ ...trial, training: spec.base.training }));
  return haveSameInputs(client, specs, inputsSha256, taskQueue);
}

/** True when the base model and the data of every step are what they were. */
export function hasSameChainInputs(
  client: Client,
  { inputsSha256 }: ChainResult,
  spec: ChainSpec,
  taskQueue: string,
): Promise<boolean> {
  const specs = stepsOf(spec).map(({ spec: step }) => step);
  return haveSameInputs(client, specs, inputsSha256, taskQueue);
}

async function haveSameInputs(
  client: Client,
  specs: readonly FineTuneSpec[],
  hashes: readonly string[],
  taskQueue: string,
): Promise<boolean> {
  if (specs.length !== hashes.length) return false;
  for (const [index, spec] of specs.entries()) {
    if ((await hashInputs(client, spec, { taskQueue })) !== hashes[index]) return false;
  }
  return true;
}
