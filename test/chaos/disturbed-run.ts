// One run, disturbed by a list of deaths, each of which comes after the one before it was recovered from.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { sha256OfFile } from '../../src/artifacts/hash.js';
import type { FineTuneSpecInput } from '../../src/spec/spec.js';
import type { FineTuneResult } from '../../src/spec/publishing-stages.js';
import type { Stage, StageProgress } from '../../src/spec/stages.js';
import type { ChaosHouse, Told, WorkerProcess } from './house.js';

/** Who dies. `sleep`: Worker and trainer are stopped, another Worker takes over, and then they wake up again. */
export type Victim = 'trainer' | 'worker' | 'server' | 'sleep';

/** A death: at the begin of an activity, in the middle of a trainer's stage, or after a time. */
export interface Death {
  victim: Victim;
  at: { activity: string } | { stage: Stage } | { afterMs: number };
}

/** What came of a death. */
export interface DeathReport {
  victim: Victim;
  at: string;
  /** False when the run was over before. */
  happened: boolean;
  secondsToRecover: number;
  /** Training steps made again, as far as they had been reported. */
  stepsLost: number;
  /** Of `sleep`: how the call of the trainer that woke up ended. */
  staleEnd?: string;
}

/** What came of a run. */
export interface RunReport {
  name: string;
  sha256: string;
  bitIdentical: boolean;
  seconds: number;
  deaths: DeathReport[];
}

const RECOVERY_LIMIT_MS = 90_000;

/** Runs the workflow on a store of its own and lets the deaths happen. */
export async function disturbedRun(
  house: ChaosHouse,
  name: string,
  spec: FineTuneSpecInput,
  deaths: readonly Death[],
  holdMs?: number,
): Promise<RunReport> {
  const began = performance.now();
  const place = { taskQueue: `chaos-${name}-${randomUUID().slice(0, 8)}`, store: join(house.folder, name, 'store') };
  const output = { name: 'model', directory: join(house.folder, name, 'out') };
  const watch = new StepWatch(house);
  const run: Place = { house, place, worker: await house.startWorker(place, holdMs), holdMs, over: false, watch };
  const handle = await house.client.workflow.start('fineTune', {
    taskQueue: place.taskQueue,
    workflowId: place.taskQueue,
    args: [{ ...spec, output }],
  });
  const result = resultOf(handle).finally(() => {
    run.over = true;
  });
  result.catch(() => undefined);
  const reports: DeathReport[] = [];
  try {
    // A moment may come while the death before it is being recovered from: it is listened for in time.
    let next = momentOf(house, deaths[0]);
    for (const [index, death] of deaths.entries()) {
      const moment = next;
      next = momentOf(house, deaths[index + 1]);
      reports.push(await die(run, death, moment, result));
    }
    const { model, bitIdentical } = await result;
    const sha256 = await sha256OfFile(join(model.path, 'model.safetensors'));
    return { name, sha256, bitIdentical, seconds: (performance.now() - began) / 1000, deaths: reports };
  } finally {
    watch.close();
    await house.endWorker(run.worker);
  }
}

interface Place {
  house: ChaosHouse;
  place: { taskQueue: string; store: string };
  worker: WorkerProcess;
  holdMs: number | undefined;
  over: boolean;
  watch: StepWatch;
}

/** Begins to listen for a death's moment; a time is counted only once the death before it is over. */
function momentOf(house: ChaosHouse, death: Death | undefined): () => Promise<unknown> {
  if (!death) return () => Promise.resolve();
  const { at } = death;
  if ('afterMs' in at) return () => sleep(at.afterMs, undefined, { ref: false });
  const moment = nextEvent(house, (event) =>
    'activity' in at
      ? event.type === 'begin' && event.activity === at.activity
      : event.type === 'progress' && event.report.stage === at.stage && isInMiddle(event.report),
  );
  return () => moment;
}

async function die(
  run: Place,
  { victim, at }: Death,
  moment: () => Promise<unknown>,
  result: Promise<unknown>,
): Promise<DeathReport> {
  const { house, place } = run;
  const label = 'activity' in at ? at.activity : 'stage' in at ? at.stage : 'random';
  const report = { victim, at: label, happened: false, secondsToRecover: 0, stepsLost: 0 };
  const over = result.then(
    () => 'over' as const,
    () => 'over' as const,
  );
  if ((await Promise.race([moment(), over])) === 'over') return report;
  const lostBefore = run.watch.lost;
  const began = performance.now();
  const old = run.worker;
  const trainer = old.trainer;
  const recovered = nextEvent(house, (event) => {
    if (event.type !== 'begin' && event.type !== 'progress') return false;
    if (victim === 'trainer') return event.type === 'progress' && event.trainer !== trainer;
    // Until the other Worker trains, there is no newer claim to be found.
    if (victim === 'sleep' && event.type !== 'progress') return false;
    return event.worker !== old;
  });
  let staleEnd: string | undefined;
  if (victim === 'server') {
    await house.killServer();
  } else {
    if (victim === 'trainer') old.signal('SIGKILL', ['trainer']);
    else if (victim === 'worker') await house.endWorker(old);
    else old.signal('SIGSTOP', ['trainer', 'worker']);
    if (victim !== 'trainer') run.worker = await house.startWorker(place, run.holdMs);
    await Promise.race([recovered, over, sleep(RECOVERY_LIMIT_MS, undefined, { ref: false })]);
  }
  const secondsToRecover = (performance.now() - began) / 1000;
  if (victim === 'sleep') {
    const ended = nextEvent(
      house,
      (event) => event.worker === old && (event.type === 'failed' || event.type === 'end'),
    );
    old.signal('SIGCONT', ['trainer', 'worker']);
    const event = await Promise.race([ended, sleep(RECOVERY_LIMIT_MS, undefined, { ref: false })]);
    staleEnd = event?.type === 'failed' ? event.failure : (event?.type ?? 'nothing');
    await house.endWorker(old);
  }
  if (victim !== 'server' && !run.over) await Promise.race([nextStep(house), over]);
  const stepsLost = run.watch.lost - lostBefore;
  return { ...report, happened: true, secondsToRecover, stepsLost, ...(staleEnd === undefined ? {} : { staleEnd }) };
}

/** Far from both ends of an epoch, and from the begin of other stages. */
function isInMiddle({ stage, done, total, epochs = 1 }: StageProgress): boolean {
  const share = ((done / total) * (stage === 'train' ? epochs : 1)) % 1;
  return stage === 'train' ? share > 0.15 && share < 0.6 : share > 0 || done === total;
}

/** Any sign of work: after it the steps that were lost are known, when there were any. */
function nextStep(house: ChaosHouse): Promise<Told> {
  return nextEvent(house, ({ type }) => type === 'progress' || type === 'end');
}

function nextEvent(house: ChaosHouse, isIt: (event: Told) => boolean): Promise<Told> {
  return new Promise((resolve) => {
    const listen = (event: Told): void => {
      if (!isIt(event)) return;
      house.events.off('told', listen);
      resolve(event);
    };
    house.events.on('told', listen);
  });
}

/** Counts training steps that are reported a second time. */
class StepWatch {
  lost = 0;
  private furthest = 0;
  private readonly listen = (event: Told): void => {
    if (event.type !== 'progress' || event.report.stage !== 'train' || event.report.unit !== 'steps') return;
    const { done } = event.report;
    if (done <= this.furthest) this.lost += this.furthest - done + 1;
    this.furthest = done;
  };
  constructor(private readonly house: ChaosHouse) {
    house.events.on('told', this.listen);
  }
  close(): void {
    this.house.events.off('told', this.listen);
  }
}

/** The run's result, waited for over deaths of the server. */
async function resultOf(handle: { result(): Promise<unknown> }): Promise<FineTuneResult> {
  for (;;) {
    try {
      return (await handle.result()) as FineTuneResult;
    } catch (error) {
      if (error instanceof WorkflowFailedError) throw error;
      await sleep(200);
    }
  }
}
