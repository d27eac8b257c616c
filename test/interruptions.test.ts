// Every way to stop a training from outside, on a real server with the real trainer process: it saves within a step, leaves, and what comes
// next goes on with the step after. The interval of checkpoints is an hour, so that what is saved was saved by the stop.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainerPool } from '../activities/index.js';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import { findServerProgram } from '../src/temporal/server-program.js';
import { listCheckpoints } from '../src/training/checkpoint.js';
import type { RunProgress } from '../workflows/progress.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { TinyProject, type RunPlace } from './support/tiny-project.js';
import { watchedPool, type WatchedCall } from './support/watched-pool.js';

let place: RunPlace;
let project: TinyProject;
let undisturbed: string;
const spec = () => project.spec({ batchSize: 2, checkpointEverySeconds: 3600 });
const modelOf = async (handle: WorkflowHandle): Promise<string> => {
  const { model, bitIdentical } = (await handle.result()) as FineTuneResult;
  expect(bitIdentical).toBe(true);
  return model.sha256;
};

beforeAll(async () => {
  const [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
  place = { environment, workflowBundle };
  project = await TinyProject.create({ pairs: 240 });
  undisturbed = await project.withRun(place, spec(), { store: 'calm' }, modelOf);
});
afterAll(async () => {
  await place?.environment.teardown();
  await project?.remove();
});

/** What a trainer did: of each call that trains, the steps that it reported. */
class Watch {
  readonly calls: number[][] = [];
  readonly begun: Promise<void>;
  readonly stopped: Promise<void>;
  private begin: () => void = () => undefined;
  private stop: () => void = () => undefined;
  private last: WatchedCall | undefined;

  constructor() {
    this.begun = new Promise((resolve) => (this.begin = resolve));
    this.stopped = new Promise((resolve) => (this.stop = resolve));
  }

  /** A pool whose first training is frozen at its first report until it is told to stop: so the stop comes in the middle of an epoch. */
  pool(): typeof TrainerPool {
    return watchedPool(({ stage, done }, call) => {
      if (stage !== 'train') return;
      if (call !== this.last) {
        this.last = call;
        if (this.calls.push([]) === 1) this.freeze(call);
      }
      this.calls.at(-1)!.push(done);
    });
  }

  private freeze({ signal, ended, pid }: WatchedCall): void {
    const send = (name: NodeJS.Signals): void => void process.kill(pid()!, name);
    signal.addEventListener('abort', () => setImmediate(() => send('SIGCONT')));
    void ended.then(this.stop);
    send('SIGSTOP');
    this.begin();
  }
}

/** The step that the stop saved: the only checkpoint there is, far from the end of the epoch. */
async function savedStep(store: string, handle: WorkflowHandle): Promise<number> {
  const opened = await openLocalStore({ folder: join(project.folder, store) });
  const steps = (await listCheckpoints(opened)).map(({ step }) => step);
  expect(steps).toHaveLength(1);
  const { totalSteps = 0 } = await handle.query<RunProgress>('getProgress');
  expect(steps[0]).toBeGreaterThan(0);
  expect(steps[0]).toBeLessThan(totalSteps / 2);
  return steps[0]!;
}

async function operator(command: 'pause' | 'unpause', { workflowId }: WorkflowHandle): Promise<void> {
  const { program } = await findServerProgram();
  const address = ['--address', place.environment.address];
  const which = ['--workflow-id', workflowId, '--activity-id', 'train-epoch-1'];
  await promisify(execFile)(program!.path, ['activity', command, ...which, ...address]);
}

describe('a training saves, stops, and goes on with the next step to the same bytes,', { timeout: 120_000 }, () => {
  it.each<[string, (handle: WorkflowHandle) => Promise<unknown>, (handle: WorkflowHandle) => Promise<unknown>]>([
    ['when the run is paused', (handle) => handle.signal('pause'), (handle) => handle.signal('resume')],
    [
      'when an operator pauses the activity',
      (handle) => operator('pause', handle),
      (handle) => operator('unpause', handle),
    ],
  ])('%s', async (name, pause, goOn) => {
    const store = name.replaceAll(' ', '-');
    const watch = new Watch();
    await project.withRun(place, spec(), { store, Pool: watch.pool() }, async (handle) => {
      await watch.begun;
      await pause(handle);
      await watch.stopped;
      const step = await savedStep(store, handle);
      await goOn(handle);
      expect(await modelOf(handle)).toBe(undisturbed);
      expect(watch.calls[1]?.[0]).toBe(step + 1);
    });
  });

  it('when the run is cancelled: the next run does', async () => {
    const watch = new Watch();
    await project.withRun(place, spec(), { store: 'cancelled', Pool: watch.pool() }, async (handle) => {
      await watch.begun;
      await handle.cancel();
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      expect((await handle.describe()).status.name).toBe('CANCELLED');
      await watch.stopped;
      const step = await savedStep('cancelled', handle);
      const taskQueue = (await handle.describe()).taskQueue;
      const { client } = place.environment;
      const next = await client.workflow.start('fineTune', { taskQueue, workflowId: randomUUID(), args: [spec()] });
      expect(await modelOf(next)).toBe(undisturbed);
      expect(watch.calls[1]?.[0]).toBe(step + 1);
    });
  });

  it('when its Worker is shut down: the next Worker does', async () => {
    const watch = new Watch();
    const workers = { store: 'shut-down', taskQueue: `finetune-${randomUUID()}`, Pool: watch.pool() };
    const { client } = place.environment;
    const { taskQueue } = workers;
    const handle = await project.withWorkers(place, { ...workers, shutdownGraceTime: 300 }, async () => {
      const args = [spec()];
      const started = await client.workflow.start('fineTune', { taskQueue, workflowId: randomUUID(), args });
      await watch.begun;
      return started;
    });
    await watch.stopped;
    await project.withWorkers(place, workers, async () => {
      const step = await savedStep('shut-down', handle);
      expect(await modelOf(handle)).toBe(undisturbed);
      expect(watch.calls[1]?.[0]).toBe(step + 1);
    });
  });
});
