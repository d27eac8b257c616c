// How often in a row an activity ended by an error that nobody foresaw. The server's number of the attempt does not say: it counts what
// may well happen often, too (a Worker that ends, a store or a Hub that is away). The count lives in the Worker's process: such an error
// does not end that, and a new process may hold a corrected program, which begins anew.
import type { Context } from '@temporalio/activity';

/** Activities that are counted at a time; more are tried again at once only where nearly all fail, and then the oldest begin anew. */
const MOST_COUNTED = 1000;

/** What tells one activity over all its attempts. */
type AttemptInfo = Pick<
  Context['info'],
  'namespace' | 'workflowExecution' | 'activityId' | 'scheduledTimestampMs' | 'attempt'
>;

/** Counts unexpected errors by activity. */
export class UnexpectedErrors {
  private readonly counts = new Map<string, number>();

  /** Unexpected errors in a row before this attempt. */
  before(info: AttemptInfo): number {
    return info.attempt === 1 ? 0 : (this.counts.get(keyOf(info)) ?? 0);
  }

  /** Notes how an attempt ended; one that was stopped is not noted. */
  note(info: AttemptInfo, isUnexpected: boolean): void {
    const count = isUnexpected ? this.before(info) + 1 : 0;
    const key = keyOf(info);
    this.counts.delete(key);
    if (count > 0) this.counts.set(key, count);
    const [oldest] = this.counts.keys();
    if (this.counts.size > MOST_COUNTED && oldest !== undefined) this.counts.delete(oldest);
  }
}

function keyOf({ namespace, workflowExecution, activityId, scheduledTimestampMs }: AttemptInfo): string {
  return JSON.stringify([namespace, workflowExecution?.runId, activityId, scheduledTimestampMs]);
}
