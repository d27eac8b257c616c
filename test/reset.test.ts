// Going back by Workflow Reset, with the command of docs/steering.md: with nothing changed nothing is trained again; without a change that
// was made it trains another branch, and the first one's checkpoints stay.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import { findServerProgram } from '../src/temporal/server-program.js';
import { listCheckpoints, readManifest } from '../src/training/checkpoint.js';
import type { RunMetrics, RunProgress } from '../workflows/progress.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { TinyProject, type RunPlace } from './support/tiny-project.js';
import { watchedPool } from './support/watched-pool.js';

const EPOCHS = 8;
let place: RunPlace;
let project: TinyProject;
beforeAll(async () => {
  const [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
  place = { environment, workflowBundle };
  project = await TinyProject.create();
});
afterAll(async () => {
  await place?.environment.teardown();
  await project?.remove();
});

/** The newest run of the chain that a handle belongs to. */
const newest = (handle: WorkflowHandle): WorkflowHandle =>
  place.environment.client.workflow.getHandle(handle.workflowId);
const resultOf = (handle: WorkflowHandle) => newest(handle).result() as Promise<FineTuneResult>;

/** Goes back to the begin of an epoch as the documentation says. */
async function resetTo(epoch: number, handle: WorkflowHandle): Promise<void> {
  const { epochs } = await newest(handle).query<RunMetrics>('getMetrics');
  const event = epochs.find((figures) => figures.epoch === epoch)?.resetEvent;
  const docs = await readFile(new URL('../docs/steering.md', import.meta.url), 'utf8');
  const line = /^temporal (workflow reset .*)$/m.exec(docs)?.[1] ?? '';
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const args = words.map((word) => (word === 'my-run' ? handle.workflowId : word === '42' ? String(event) : word));
  const { program } = await findServerProgram();
  await promisify(execFile)(program!.path, [...args, '--address', place.environment.address]);
}

/** Every checkpoint of a store with its content, and when it was made. */
async function checkpointsOf(store: string): Promise<Map<string, unknown>> {
  const opened = await openLocalStore({ folder: join(project.folder, store) });
  const refs = await listCheckpoints(opened);
  const manifests = await Promise.all(refs.map((ref) => readManifest(opened, ref)));
  return new Map(refs.map(({ lineage, step }, index) => [`${lineage} ${step}`, manifests[index]?.content]));
}

describe('Workflow Reset to an earlier epoch', { timeout: 300_000 }, () => {
  let undisturbed: FineTuneResult;

  it('with nothing changed trains no step, and gives the same model', async () => {
    let steps = 0;
    const Pool = watchedPool(({ stage }) => {
      if (stage === 'train') steps++;
    });
    const run = { store: 'store', Pool };
    await project.withRun(place, project.spec({ epochs: EPOCHS }), run, async (handle) => {
      undisturbed = await resultOf(handle);
      expect(steps).toBeGreaterThan(0);
      const before = await checkpointsOf('store');
      steps = 0;
      await resetTo(2, handle);
      const again = await resultOf(handle);
      expect((await newest(handle).describe()).runId).not.toBe(handle.firstExecutionRunId);
      expect(again.model.sha256).toBe(undisturbed.model.sha256);
      expect(steps).toBe(0);
      expect(await checkpointsOf('store')).toEqual(before);
    });
  });

  it('leaves out a change that came later, trains another branch, and leaves the first one as it is', async () => {
    let reached: () => void = () => undefined;
    const secondEpoch = new Promise<void>((resolve) => (reached = resolve));
    let steps = 0;
    const Pool = watchedPool(({ stage, epoch = 0 }) => {
      if (stage !== 'train') return;
      steps++;
      if (epoch >= 2) reached();
    });
    await project.withRun(place, project.spec({ epochs: EPOCHS }), { store: 'changed', Pool }, async (handle) => {
      await secondEpoch;
      await handle.signal('pause');
      await handle.executeUpdate('setLearningRate', { args: [{ learningRate: 1e-4 }] });
      await handle.signal('resume');
      const changed = await resultOf(handle);
      expect(changed.model.sha256).not.toBe(undisturbed.model.sha256);
      expect((await newest(handle).query<RunProgress>('getProgress')).changes).toHaveLength(1);
      const before = await checkpointsOf('changed');
      steps = 0;
      await resetTo(2, handle);
      const again = await resultOf(handle);
      expect(again.model.sha256).toBe(undisturbed.model.sha256);
      expect((await newest(handle).query<RunProgress>('getProgress')).changes).toEqual([]);
      expect(steps).toBeGreaterThan(0);
      const after = await checkpointsOf('changed');
      expect(after.size).toBeGreaterThan(before.size);
      for (const [name, content] of before) expect(after.get(name), name).toEqual(content);
    });
  });
});
