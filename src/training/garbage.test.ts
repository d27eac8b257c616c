import { readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MACHINE, TrainingFixture, trainingSpec } from '../../test/support/training-fixture.js';
import { pinnedRoot, recordRoot } from '../artifacts/run-root.js';
import { findArtifact } from '../artifacts/artifact.js';
import type { PlanInput, PlanResult } from '../spec/preparation-stages.js';
import type { CheckpointRef } from '../spec/stages.js';
import { findCheckpoint, listCheckpoints, readManifest, readState } from './checkpoint.js';
import { findGarbage, freeGarbage } from './garbage.js';
import { getHistory } from './loss-history.js';
import { plannedRoot } from './run-root.js';
import { withTensors } from './training-loop.js';

let fixture: TrainingFixture;
let plan: PlanResult;
let published: CheckpointRef;

beforeEach(async () => {
  fixture = await TrainingFixture.create();
  plan = await fixture.plan();
  published = (await fixture.train(plan, 1)).checkpoint;
  await fixture.train(plan, 2);
});
afterEach(() => fixture.remove());

/** Lets days go by for everything in the store, or for the files whose path has the text in it. */
async function age(days: number, which = ''): Promise<void> {
  const then = new Date(Date.now() - days * 24 * 3_600_000 - 60_000);
  const entries = await readdir(fixture.folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && path.includes(which)) await utimes(path, then, then);
  }
}
const root = ({ madeFrom }: Pick<PlanInput, 'madeFrom'> = {}) =>
  plannedRoot(
    {
      ...(madeFrom && { madeFrom }),
      ...{ storeId: fixture.store.id, model: fixture.model, retrieval: fixture.retrieval },
      spec: { prompts: {}, training: trainingSpec() },
    },
    plan,
  );
const namesOf = async (days?: number) =>
  (await findGarbage(fixture.store, days === undefined ? {} : { days })).items.map(({ item }) => item.name);
const free = async () => freeGarbage(fixture.store, await findGarbage(fixture.store));
const whole = async () => {
  const refs = (await listCheckpoints(fixture.store)).sort((a, b) => a.step - b.step);
  const found = await Promise.all(refs.map((ref) => findCheckpoint(fixture.store, ref)));
  return found.flatMap((manifest) => (manifest ? [manifest.step] : []));
};

describe('garbage', () => {
  it('is nothing that was touched within a day, whoever needs it', async () => {
    expect(await namesOf()).toEqual([]);
  });

  it('is nothing of a run that goes on, however old its things are', async () => {
    await recordRoot(fixture.store, root());
    await age(20);
    expect(await namesOf()).toEqual([]);
  });

  it('is nothing that the data of a run that goes on was made from, and no local file that a run has pinned', async () => {
    const snapshot = { kind: 'dataset-snapshot', key: 'table' };
    const local = { kind: 'dataset-snapshot', key: 'next' };
    for (const { kind, key } of [snapshot, local]) {
      await fixture.store.createRecord(kind, key, { blobs: { csv: await fixture.store.putBytes(Buffer.from(key)) } });
    }
    await recordRoot(fixture.store, root({ madeFrom: [snapshot] }));
    await recordRoot(fixture.store, pinnedRoot({ type: 'local', label: 'next.csv', snapshot: local })!);
    await age(20);
    expect(await namesOf()).toEqual([]);
    expect(pinnedRoot({ type: 'hub', id: 'a/b', commit: 'c' })).toBeUndefined();
  });

  it('is everything but manifests, states and histories once no run needs it', async () => {
    await age(2);
    await free();
    expect(await whole()).toEqual([]);
    expect(await fixture.store.readRecord('tokens', plan.tokens.key)).toBeUndefined();
    const refs = await listCheckpoints(fixture.store);
    expect(refs.length).toBeGreaterThan(3);
    for (const ref of refs) {
      const manifest = (await readManifest(fixture.store, ref))!;
      expect(manifest.isReleased).toBe(true);
      const { history } = await readState(fixture.store, manifest);
      for (const blob of Object.values(history)) expect((await getHistory(fixture.store, blob)).steps).not.toEqual([]);
    }
    expect(await namesOf()).toEqual([]);
  });

  it('are the tensors of a published run but those of the published checkpoint and of the last two', async () => {
    await recordRoot(fixture.store, { ...root(), published });
    await age(2);
    await free();
    expect(await whole()).toEqual([published.step, plan.totalSteps - 1, plan.totalSteps]);
    expect(await fixture.store.readRecord('tokens', plan.tokens.key)).toBeDefined();
  });

  it('that was freed is made again, bit for bit, when it is needed', async () => {
    const before = await findCheckpoint(fixture.store, { lineage: plan.lineage, step: plan.totalSteps });
    await age(2, 'blobs');
    await age(2, 'checkpoint');
    await free();
    expect(await whole()).toEqual([]);
    await recordRoot(fixture.store, root());
    const context = { ...fixture.context(), engines: fixture.engines(), machine: MACHINE };
    expect((await withTensors(before!, context)).content).toEqual(before?.content);
    expect(context.warned).toEqual([]);
  });

  it('is a run that nobody touched for the days that are asked for', async () => {
    await recordRoot(fixture.store, root());
    await age(31);
    expect(await namesOf(40)).toEqual([]);
    expect(await namesOf()).toContain(`tokens/${plan.tokens.key}`);
    await fixture.train(plan, 2);
    expect(await namesOf()).toEqual([]);
  });

  it('is nothing of a lineage with a fresh claim', async () => {
    await age(2);
    await fixture.store.putClaim(plan.lineage, '1-x', {});
    const { released } = await findGarbage(fixture.store);
    expect(released).toEqual([]);
  });

  it('are old temporary files and what was set aside', async () => {
    await writeFile(await fixture.store.temporaryPath('x'), 'half');
    await fixture.store.createRecord('kind', 'key', {});
    await fixture.store.setAsideRecord('kind', 'key', 'no reason');
    await recordRoot(fixture.store, root());
    expect(await namesOf()).toEqual([]);
    await age(2);
    await free();
    expect(await readdir(join(fixture.folder, 'tmp'))).toEqual([]);
    expect(await readdir(join(fixture.folder, 'set-aside'))).toEqual([]);
  });

  it('is found also where a state lies damaged under its right size', async () => {
    await recordRoot(fixture.store, root());
    const { content } = (await readManifest(fixture.store, published))!;
    const path = await fixture.store.blobPath(content.state);
    const bytes = await readFile(path);
    bytes[10]! ^= 1;
    await writeFile(path, bytes);
    const fresh = await fixture.reopen();
    expect((await findGarbage(fresh.store)).items).toEqual([]);
    await freeGarbage(fresh.store, await findGarbage(fresh.store));
    expect(await fresh.store.hasBlob(content.weights)).toBe(true);
  });

  it('that is touched between the finding and the freeing stays', async () => {
    await age(2);
    const report = await findGarbage(fixture.store);
    await fixture.store.touchRecord('tokens', plan.tokens.key);
    await freeGarbage(fixture.store, report);
    // With all its blobs.
    expect(await findArtifact(fixture.store, plan.tokens)).toBeDefined();
  });
});
