// What `sweep` and `chain` share: starting with a Worker of their own or on one that runs elsewhere, progress (what goes on, the step of
// the first run that trains, the time left), the table at the end, and the object for programs.
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import type { ChainResult, SeveralProgress, SweepResult } from '../spec/comparison.js';
import type { TrialResult } from '../../workflows/trial.js';
import { findTarget, type ConnectionTarget } from '../temporal/connection.js';
import type { WorkflowRun } from '../temporal/start-or-join.js';
import { connectClient } from './connect.js';
import { EXIT, lastOfChain, lookingAtInputs, tellFailure, tellOutcome, uiPage, type FollowOptions } from './follow.js';
import { followParent, type Surroundings } from './follow-parent.js';
import { callAgain, callOn, quoted } from './invocation.js';
import { withCommon, withConnection, withWork, type ConnectionOptionValues } from './options.js';
import { INTERRUPTED, jsonOutcome, type Output } from './output.js';
import { withOwnWorker, type OwnWorkerOptions } from './own-worker.js';
import { clock, type ProgressFrame } from './progress-view.js';
import { areAllPublished } from './published.js';
import { chainSummary, sweepSummary, trialSummary } from './several-summary.js';
import { onInterrupt } from './signals.js';

/** Options of `sweep` and `chain`. */
export interface SeveralOptions extends OwnWorkerOptions {
  id?: string;
  /** False: a Worker runs elsewhere. */
  worker: boolean;
  /** Start and do not wait, for a Worker that runs elsewhere. */
  detach?: boolean;
}

/** Tells how far a trial of a sweep was trained; the sweep itself tells the rest. @returns the exit code. */
export async function tellTrial({ client, output, ...follow }: FollowOptions): Promise<number> {
  const { workflowId, runId, status } = await lastOfChain(client, follow.run);
  if (status !== 'COMPLETED') return tellOutcome({ client, output, ...follow });
  const result = await client.workflow.getHandle<() => Promise<TrialResult>>(workflowId, runId || undefined).result();
  output.say(trialSummary(result));
  output.set({ ...jsonOutcome({ workflowId, runId, status: 'COMPLETED' }), result });
  return EXIT.completed;
}

/** A result of either kind. */
export type SeveralResult = SweepResult | ChainResult;

/** A kind of several runs, as its command starts it. */
export interface SeveralKind<Result extends SeveralResult> {
  /** Name of the command. */
  name: 'sweep' | 'chain';
  start: (
    client: Client,
    options: { workflowId: string | undefined; taskQueue: string; arePublished: (result: Result) => Promise<boolean> },
  ) => Promise<WorkflowRun<Result>>;
}

/** The options that both commands have. */
export function withSeveral(command: Command): Command {
  return withCommon(withWork(withConnection(command)))
    .option('--id <workflow-id>', "default: the name and the spec's hash")
    .option('--db <file>', 'history of the server that is started; default: .finetune/server/temporal.db')
    .option('--no-worker', 'a Worker runs elsewhere: start and wait only')
    .option('--detach', 'a Worker runs elsewhere: return once it is started');
}

/** Starts (or joins, or finds) and waits for the end. @returns the exit code. */
export async function runSeveral<Result extends SeveralResult>(
  kind: SeveralKind<Result>,
  options: SeveralOptions,
  output: Output,
): Promise<number> {
  const { detach = false } = options;
  const hasOwnWorker = options.worker && !detach;
  const again = callAgain();
  const work = async (
    client: Client,
    target: ConnectionTarget,
    signal: AbortSignal,
    working?: Promise<void>,
  ): Promise<number> => {
    const { taskQueue, id, verbose } = options;
    const run = await kind.start(client, {
      workflowId: id,
      taskQueue,
      arePublished: async (result) => {
        if (hasOwnWorker) return areAllPublished(result);
        // With a Worker elsewhere its disk is not seen from here.
        output.say(lookingAtInputs(taskQueue));
        return true;
      },
    });
    output.say(HEADLINES[run.outcome](kind.name, run.workflowId));
    output.say(`  ${uiPage(target, run) ?? `on ${target.address}`}`);
    const { workflowId, runId } = run;
    if (detach && run.outcome !== 'finished') {
      output.say(`Follow it with \`${callOn(`watch ${quoted(workflowId)}`, options)}\`.`);
      output.set({ ...jsonOutcome({ workflowId, runId, status: 'RUNNING' }), result: null });
      return EXIT.completed;
    }
    const follow = { client, run, target, output, taskQueue, flags: options, verbose, signal };
    const following = followSeveral(follow);
    if (await (working ? Promise.race([following, working.then(() => false)]) : following)) return tellSeveral(follow);
    output.say(
      working
        ? `The ${kind.name} ${workflowId} is kept: \`${again}\` goes on where it was.`
        : `Not waiting any more; the ${kind.name} ${workflowId} goes on. \`${again}\` follows it.`,
    );
    output.set({ ...jsonOutcome({ workflowId, runId, status: 'RUNNING' }, undefined, INTERRUPTED), result: null });
    return EXIT.interrupted;
  };
  if (hasOwnWorker) {
    return withOwnWorker(options, output, ({ client, target, signal, working }) =>
      work(client, target, signal, working),
    );
  }
  const target = await findTarget(options);
  return work(await connectClient(target, output), target, onInterrupt().signal);
}

const HEADLINES: Record<WorkflowRun<unknown>['outcome'], (kind: string, id: string) => string> = {
  started: (kind, id) => `Started the ${kind} ${id}`,
  joined: (kind, id) => `The ${kind} ${id} is under way; going on with it`,
  finished: (kind, id) => `The ${kind} ${id} is complete and its inputs are unchanged: nothing to do`,
};

/** Several runs being followed. */
export interface FollowSeveralOptions {
  client: Client;
  run: WorkflowRun<SeveralResult>;
  target: ConnectionTarget;
  output: Output;
  taskQueue: string;
  /** The options that name the server, for hints. */
  flags?: ConnectionOptionValues | undefined;
  verbose?: boolean | undefined;
  /** Aborted: stop following; the runs go on. */
  signal?: AbortSignal;
}

/** Shows a sweep or a chain until it is closed; true = closed, false = `signal` was aborted. */
export function followSeveral(options: FollowSeveralOptions): Promise<boolean> {
  const countdown = new Countdown();
  return followParent<SeveralProgress>(options, (progress, around) =>
    frameOfSeveral(countdown.applied(progress), around),
  );
}

/** The workflow tells the time left when a run ends; until the next one it runs down here, and is not shown once it is over. */
class Countdown {
  private told: number | undefined;
  private since = 0;

  applied({ etaSeconds, ...progress }: SeveralProgress): SeveralProgress {
    if (etaSeconds !== this.told) [this.told, this.since] = [etaSeconds, performance.now()];
    const left = etaSeconds === undefined ? 0 : etaSeconds - (performance.now() - this.since) / 1000;
    return left > 0 ? { ...progress, etaSeconds: left } : progress;
  }
}

/** What goes on as the title; step and loss of a run that trains; epochs and time left over all. */
async function frameOfSeveral(
  { note, stage, running, epochsDone, epochsPlanned, etaSeconds, paused }: SeveralProgress,
  { own, ofRuns }: Surroundings,
): Promise<ProgressFrame> {
  const inner = running.length === 0 ? own : await ofRuns(running);
  const overall = [
    `${epochsDone} of ${epochsPlanned} epochs`,
    ...(running.length > 1 ? [`${running.length} runs`] : []),
    ...(etaSeconds === undefined || stage !== 'train' ? [] : [`about ${clock(etaSeconds)} left`]),
  ].join(', ');
  const frame: ProgressFrame = { stage: stage === 'train' ? 'train' : (inner?.stage ?? 'evaluate'), title: note };
  if (inner?.progress) {
    // The time left of one training says nothing about that of all.
    const { etaSeconds: _ofOne, ...progress } = inner.progress;
    frame.progress = progress;
  }
  const remark = paused ? 'paused; send the signal "resume" to go on' : inner?.note;
  frame.note = remark === undefined ? overall : `${overall} · ${remark}`;
  return frame;
}

/** Tells how a closed sweep or chain ended. @returns the exit code. */
export async function tellSeveral(options: FollowSeveralOptions): Promise<number> {
  const { run, target, output } = options;
  const { workflowId, runId } = run;
  const page = uiPage(target, run);
  try {
    const result = await run.result();
    output.say('trials' in result ? sweepSummary(result, page) : chainSummary(result, page));
    const { model, verdict = null } = 'trials' in result ? result.best : { model: result.model };
    const metrics = 'trials' in result ? result.best.metrics : null;
    output.set({
      ...jsonOutcome({ workflowId, runId, status: 'COMPLETED' }),
      ...{ model, verdict, metrics, report: result.report, result },
    });
    return EXIT.completed;
  } catch (error) {
    return tellFailure(options, error, { result: null });
  }
}
