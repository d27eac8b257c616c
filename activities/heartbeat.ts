// Heartbeats of an activity: the latest progress as details, on a timer and with each report. A wish to stop comes with the answer to a
// heartbeat, so they are never far apart, whatever the timeout. They stop when the stage has reported nothing for long, so that one that
// hangs does not look alive for ever.
import type { Context } from '@temporalio/activity';
import type { StageProgress } from '../src/spec/stages.js';

const REPORT_EVERY_MS = 500;
/** The most between two heartbeats; with the Worker's throttle (src/temporal/worker.ts) a wish to stop is heard within five seconds. */
const BEAT_EVERY_MS = 2500;
/** Longer than a trainer's silence is borne with, which is watched more closely (src/trainer/progress-watch.ts). */
const QUIET_MS = 30 * 60_000;

/** Options of {@link startHeartbeat}. */
export interface HeartbeatOptions {
  activity: Context;
  /** Milliseconds without a report after which heartbeats stop; default half an hour. */
  quietMs?: number;
}

/** Heartbeats that run until they are stopped. */
export interface Heartbeat {
  report(progress: StageProgress): void;
  /** Shows a line with the progress until the next report. */
  note(text: string): void;
  stop(): void;
}

/** Begins to send heartbeats for the running activity. */
export function startHeartbeat({ activity, quietMs = QUIET_MS }: HeartbeatOptions): Heartbeat {
  let latest: StageProgress | undefined;
  let reported = performance.now();
  let sent = -Infinity;
  const send = (): void => {
    sent = performance.now();
    activity.heartbeat(latest);
  };
  const tick = (): void => {
    if (performance.now() - reported <= quietMs) return send();
    activity.log.warn('The stage has reported nothing for long: heartbeats stop, so that the server starts it again');
    clearInterval(timer);
  };
  const timer = setInterval(tick, Math.min((activity.info.heartbeatTimeoutMs ?? 30_000) / 3, BEAT_EVERY_MS));
  timer.unref();
  send();
  return {
    report(progress) {
      const isEdge = progress.stage !== latest?.stage || progress.done === progress.total;
      latest = progress;
      reported = performance.now();
      if (isEdge || reported - sent >= REPORT_EVERY_MS) send();
    },
    note(text) {
      if (!latest) return;
      latest = { ...latest, note: text };
      send();
    },
    stop: () => clearInterval(timer),
  };
}
