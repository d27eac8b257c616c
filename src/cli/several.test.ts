import type { Client } from '@temporalio/client';
import { expect, it, vi } from 'vitest';
import type { TrialResult } from '../../workflows/trial.js';
import { Output } from './output.js';
import { tellTrial } from './several.js';

it('a trial that continued as new while it was watched is told by its last run', async () => {
  const metrics = { 'ndcg@10': 0.5 };
  const result = {
    ...{ epochs: 80, bestEpoch: 3, validation: 0.5, curve: [], warnings: [], bitIdentical: true },
    ...{ before: { metrics }, after: { metrics }, training: { seconds: 1, pairs: 2, pairsPerSecond: 2 } },
  } as unknown as TrialResult;
  const getHandle = (_id: string, runId?: string) => ({
    describe: () =>
      Promise.resolve(
        runId === 'first'
          ? { runId, status: { name: 'CONTINUED_AS_NEW' } }
          : { runId: 'last', status: { name: 'COMPLETED' } },
      ),
    result: () => Promise.resolve(result),
  });
  const output = new Output(true);
  const [say, set] = [vi.spyOn(output, 'say').mockReturnValue(), vi.spyOn(output, 'set')];
  const code = await tellTrial({
    client: { workflow: { getHandle } } as unknown as Client,
    run: { workflowId: 'long', runId: 'first', outcome: 'joined', result: () => Promise.resolve(result as never) },
    target: { address: 'a:1', namespace: 'n', from: 'flag', options: { address: 'a:1' } },
    ...{ output, taskQueue: 'q' },
  });
  expect(set.mock.calls).toMatchObject([[{ workflowId: 'long', runId: 'last', status: 'COMPLETED', result }]]);
  expect(say.mock.calls[0]?.[0]).toContain('0.5');
  expect(code).toBe(0);
});
