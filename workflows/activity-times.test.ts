// The times that a Worker's owner sets, as the server gets them with each activity.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleWorkflows, startTestServer } from '../test/support/server.js';
import type { StubOptions } from '../test/support/stub-activities.js';
import { STUB_SPEC, withStubRun, type StubRun } from '../test/support/workflow-run.js';

let place: Parameters<typeof withStubRun>[0];
beforeAll(async () => {
  const [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
  place = { environment, workflowBundle };
});
afterAll(() => place?.environment.teardown());

/** By activity: seconds of its timeouts, and its retries. */
async function scheduled({ handle }: StubRun): Promise<Map<string, unknown>> {
  await handle.result();
  const { events } = await handle.fetchHistory();
  return new Map(
    (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: activity }) => {
      if (!activity) return [];
      const { heartbeatTimeout, startToCloseTimeout, scheduleToStartTimeout, retryPolicy } = activity;
      const seconds = [heartbeatTimeout, startToCloseTimeout, scheduleToStartTimeout].map((time) =>
        Number(time?.seconds),
      );
      const { initialInterval, maximumInterval, backoffCoefficient, maximumAttempts } = retryPolicy ?? {};
      const pauses = [Number(initialInterval?.seconds), Number(maximumInterval?.seconds), backoffCoefficient];
      return [[activity.activityId ?? '', { seconds, pauses, attempts: maximumAttempts ?? 0 }]];
    }),
  );
}

const DAYS = 24 * 3600;

it('are those of every activity after the first, on both queues', { timeout: 60_000 }, async () => {
  const activityTimes = {
    heartbeatTimeout: 60,
    scheduleToStartTimeout: 3600,
    retry: { initialInterval: 5, maximumInterval: 300, maximumAttempts: 7 },
  };
  const times = await withStubRun(
    place,
    { ...STUB_SPEC, training: { epochs: 1 } },
    { replace: (stubs) => ({ pinInputs: async (input) => ({ ...(await stubs.pinInputs(input)), activityTimes }) }) },
    scheduled,
  );
  const set = { seconds: [60, 30 * DAYS, 3600], pauses: [5, 300, 2], attempts: 7 };
  for (const id of ['download-model', 'train-epoch-1', 'publish-model']) expect(times.get(id)).toEqual(set);
  expect(times.get('pin-inputs')).toMatchObject({ pauses: [1, 60, 2], attempts: 0 });
});

it('are those of a retrain’s activities, too', { timeout: 60_000 }, async () => {
  const activityTimes = { heartbeatTimeout: 60, scheduleToStartTimeout: 3600 };
  const champion = { version: 1, sha256: 'c', path: '/out/data/champions/x', folder: '/out/data/versions/x-v1' };
  const replace: StubOptions['replace'] = (stubs) => ({
    openRetrain: async (input) => ({ ...(await stubs.openRetrain(input)), champion, activityTimes }),
  });
  const input = { ...STUB_SPEC, training: { epochs: 1 } };
  const times = await withStubRun(place, input, { workflowType: 'retrain', replace }, scheduled);
  for (const id of ['place-champion', 'settle-retrain', 'promote-champion']) {
    expect(times.get(id)).toMatchObject({ seconds: [60, 30 * DAYS, 3600] });
  }
});

it('are the defaults otherwise: half a minute without a sign, retries without end', { timeout: 60_000 }, async () => {
  const times = await withStubRun(place, { ...STUB_SPEC, training: { epochs: 1 } }, {}, scheduled);
  for (const id of ['pin-inputs', 'train-epoch-1']) {
    expect(times.get(id)).toMatchObject({ pauses: [1, 60, 2], attempts: 0 });
    expect((times.get(id) as { seconds: number[] }).seconds.slice(0, 2)).toEqual([30, 30 * DAYS]);
  }
});
