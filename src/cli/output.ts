// Where a command writes. For people: standard output. With --json all of that goes to standard error, and standard output gets
// one object as the very last line, also when both are one pipe.
import colors from 'picocolors';
import type { Metrics, Verdict } from '../spec/evaluation-stages.js';
import type { FineTuneResult, TrainingFigures } from '../spec/publishing-stages.js';
import { printable } from './printable.js';

/** The object that `--json` prints. Fields are null where the run did not come so far. */
export interface JsonOutcome {
  workflowId: string | null;
  runId: string | null;
  /** Temporal's status of the run (`COMPLETED`, `FAILED`, …), or, when none was started, `INVALID`, after Ctrl-C `INTERRUPTED`. */
  status: string;
  model: { path: string; sha256: string } | null;
  metrics: { before: Metrics; after: Metrics } | null;
  verdict: Verdict | null;
  training: TrainingFigures | null;
  report: string | null;
  /** Only when something went wrong. */
  error?: { type: string; message: string };
}

/** What `--json` says of a command that was stopped. */
export const INTERRUPTED = { type: 'Interrupted', message: 'the command was stopped before the run was complete' };

/** A command's outcome as an object; `result` is absent unless the run is complete. */
export function jsonOutcome(
  run: { workflowId?: string | undefined; runId?: string | undefined; status: string },
  result?: FineTuneResult,
  error?: { type: string; message: string },
): JsonOutcome {
  return {
    workflowId: run.workflowId ?? null,
    runId: run.runId ?? null,
    status: run.status,
    model: result?.model ?? null,
    metrics: result ? { before: result.metrics.before, after: result.metrics.after } : null,
    verdict: result?.verdict ?? null,
    training: result?.training ?? null,
    report: result?.report ?? null,
    ...(error && { error }),
  };
}

/** Writes for people and, at the end, for programs. */
export class Output {
  private outcome: unknown;

  constructor(readonly json: boolean) {}

  /** The stream that people read. */
  get stream(): NodeJS.WriteStream {
    return this.json ? process.stderr : process.stdout;
  }

  /** One line, or several. */
  say(text = ''): void {
    this.stream.write(`${printable(text)}\n`);
  }

  /** Something to mind. */
  warn(text: string): void {
    this.say(`${colors.yellow('!')} ${text}`);
  }

  /** What `--json` prints when the command ends; the last one given counts. */
  set(outcome: unknown): void {
    this.outcome = outcome;
  }

  /** Writes the object, after everything else is out, and ends the process. */
  async exit(code: number): Promise<never> {
    await flushed(process.stderr);
    if (this.json) process.stdout.write(`${JSON.stringify(this.outcome ?? null)}\n`);
    await flushed(process.stdout);
    process.exit(code);
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => stream.write('', () => done()));
}
