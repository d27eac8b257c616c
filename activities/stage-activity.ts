// What all activities share: the store opened under the run's own identity, heartbeats, warnings, cancellation and failures. An
// activity itself is then one call into src/.
import { CancelledFailure, Context } from '@temporalio/activity';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { StageContext } from '../src/artifacts/stage-context.js';
import type { ArtifactStore } from '../src/artifacts/store.js';
import { FinalError } from '../src/errors.js';
import type { SourceSettings } from '../src/sources/source-settings.js';
import type { StageProgress } from '../src/spec/stages.js';
import { redact } from '../src/trainer/redact.js';
import type { Told } from './activities.js';
import { isUnexpected, toFailure } from './failures.js';
import { startHeartbeat } from './heartbeat.js';
import type { TrainerPool } from './trainer-pool.js';
import type { UnexpectedErrors } from './unexpected.js';
import type { WorkerSettings } from './worker-settings.js';

/** What activities are made from. */
export interface ActivityServices {
  settings: WorkerSettings;
  sources: SourceSettings;
  trainers: TrainerPool;
  unexpected: UnexpectedErrors;
}

/** Options of {@link stageActivity}. */
export interface StageActivityOptions<Input, Result> {
  /** Opens the store; default: the one that the input names, which must be there. */
  openStore?: (input: Input) => Promise<ArtifactStore>;
  work: (input: Input, context: StageContext) => Promise<Result>;
  /** True for a result that was cut short: it stands only when the workflow itself asked for that. */
  isCutShort?: (result: Result) => boolean;
}

/** Makes an activity of one stage. */
export function stageActivity<Input, Result extends object>(
  services: ActivityServices,
  { openStore = openNamedStore(services), work, isCutShort = () => false }: StageActivityOptions<Input, Result>,
): (input: Input) => Promise<Told<Result>> {
  return async (input) => {
    const activity = Context.current();
    const { cancellationSignal: signal } = activity;
    const heartbeat = startHeartbeat({ activity });
    const warnings = new Set<string>();
    const clean = (text: string): string => redact(text, [services.settings.hubToken]);
    const warn = (told: string): void => {
      const message = clean(told);
      warnings.add(message);
      activity.log.warn(message);
      heartbeat.note(message);
    };
    try {
      const store = await openStore(input);
      const result = await work(input, {
        store,
        signal,
        progress: (report) => heartbeat.report(withCleanNote(report, clean)),
        warn,
      });
      // A pause, a reset, a shutdown: what was saved is the truth, and the next attempt goes on from it.
      if (signal.aborted && isCutShort(result) && !activity.cancellationDetails?.cancelRequested) {
        await activity.cancelled;
      }
      services.unexpected.note(activity.info, false);
      return withWarnings(result, warnings);
    } catch (error) {
      if (error instanceof CancelledFailure) throw error;
      if (signal.aborted && !(error instanceof FinalError)) await activity.cancelled;
      const unexpectedBefore = services.unexpected.before(activity.info);
      const failure = toFailure(error, { unexpectedBefore, secrets: [services.settings.hubToken] });
      services.unexpected.note(activity.info, isUnexpected(failure));
      throw failure;
    } finally {
      heartbeat.stop();
    }
  };
}

function openNamedStore({ settings }: ActivityServices): (input: unknown) => Promise<ArtifactStore> {
  return (input) => {
    const storeId = typeof input === 'object' && input !== null && 'storeId' in input ? input.storeId : undefined;
    if (typeof storeId !== 'string') {
      throw new FinalError('InvalidSpec', 'storeId: the id of the store that the run began on is needed');
    }
    return openLocalStore({ folder: settings.store, expectedId: storeId });
  };
}

function withCleanNote(report: StageProgress, clean: (text: string) => string): StageProgress {
  return report.note === undefined ? report : { ...report, note: clean(report.note) };
}

function withWarnings<Result extends object>(result: Result, warnings: Set<string>): Told<Result> {
  const told = 'warnings' in result && Array.isArray(result.warnings) ? (result.warnings as string[]) : [];
  const all = [...new Set([...told, ...warnings])];
  return all.length === 0 ? result : { ...result, warnings: all };
}
