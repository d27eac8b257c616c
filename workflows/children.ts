// The runs that a workflow starts itself: so many side by side, paused and resumed with it, and cancelled with it (each saves, and the
// workflow ends after them). What becomes of one is an outcome, not an exception: who started it decides what a failure means.
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  condition,
  isCancellation,
  ParentClosePolicy,
  sleep,
  startChild,
  TemporalFailure,
  workflowInfo,
  type ChildWorkflowHandle,
  type Workflow,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { SeveralProgress } from '../src/spec/comparison.js';
import { shorten } from '../src/spec/shorten.js';
import { pause, resume } from './messages.js';

/** What became of a child. */
export type ChildOutcome<Result> = { result: Result } | { failure: { type: string; message: string } };

/** A child to run. */
export interface ChildOrder {
  /** Put behind the parent's own workflow id. */
  suffix: string;
  args: unknown[];
  /** One line for the UI. */
  summary: string;
}

/** How long an id that is taken is waited for: a child of an earlier parent under this id may still be saving. */
const START_TRIES = 24;
const BETWEEN_TRIES = '5 seconds';
const SUMMARY_LENGTH = 100;
const MESSAGE_LENGTH = 300;

/** Starts children and knows which of them are running. */
export class Children {
  private readonly handles = new Map<string, ChildWorkflowHandle<Workflow>>();

  /** @param onChange called when a child begins, ends, or all of them pause. */
  constructor(
    private readonly progress: Pick<SeveralProgress, 'paused' | 'running'>,
    private readonly onChange: () => void,
  ) {}

  /** Runs a child to its end. @throws CancelledFailure when the parent itself is cancelled. */
  async run<Result>(workflowType: string, order: ChildOrder): Promise<ChildOutcome<Result>> {
    if (this.progress.paused) await condition(() => !this.progress.paused);
    const workflowId = `${workflowInfo().workflowId}-${order.suffix}`;
    try {
      const child = await this.start(workflowType, workflowId, order);
      this.handles.set(workflowId, child);
      this.noteRunning();
      if (this.progress.paused) await child.signal(pause);
      return { result: (await child.result()) as Result };
    } catch (error) {
      if (CancellationScope.current().consideredCancelled && isCancellation(error)) throw error;
      if (!(error instanceof TemporalFailure)) throw error;
      return { failure: factsOf(error) };
    } finally {
      this.handles.delete(workflowId);
      this.noteRunning();
    }
  }

  /** Runs `work` on each item, at most `limit` at a time, in order; returns when all are done, also when one threw. */
  async each<Item>(items: readonly Item[], limit: number, work: (item: Item) => Promise<void>): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < items.length) await work(items[next++]!);
    };
    const lanes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane));
    for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
  }

  /** Lets the running children save and wait; starts none until `resume`. */
  async pause(): Promise<void> {
    this.progress.paused = true;
    this.onChange();
    await this.tellAll((child) => child.signal(pause));
  }

  /** Goes on after `pause`. */
  async resume(): Promise<void> {
    this.progress.paused = false;
    this.onChange();
    await this.tellAll((child) => child.signal(resume));
  }

  private async start(
    workflowType: string,
    workflowId: string,
    { args, summary }: ChildOrder,
  ): Promise<ChildWorkflowHandle<Workflow>> {
    for (let tries = 1; ; tries++) {
      try {
        return await startChild(workflowType, {
          workflowId,
          args,
          staticSummary: summary.slice(0, SUMMARY_LENGTH),
          // A parent that is terminated, or fails, takes its children along; they save first.
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError) || tries >= START_TRIES) throw error;
        await sleep(BETWEEN_TRIES);
      }
    }
  }

  private noteRunning(): void {
    this.progress.running = [...this.handles.keys()].sort();
    this.onChange();
  }

  /** A child that ends at this moment hears nothing, which is as well. */
  private async tellAll(tell: (child: ChildWorkflowHandle<Workflow>) => Promise<void>): Promise<void> {
    await Promise.all([...this.handles.values()].map((child) => tell(child).catch(() => undefined)));
  }
}

/** Type and message of what ended a child. */
function factsOf(error: TemporalFailure): { type: string; message: string } {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure)
    return { type: cause.type ?? 'Failure', message: shorten(cause.message, MESSAGE_LENGTH) };
  if (isCancellation(error)) return { type: 'Cancelled', message: 'it was cancelled by hand' };
  return {
    type: cause?.name.replace(/Failure$/, '') ?? 'Failure',
    message: shorten(cause?.message ?? error.message, MESSAGE_LENGTH),
  };
}
