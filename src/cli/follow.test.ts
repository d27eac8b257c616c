import type { Client } from '@temporalio/client';
import { describe, expect, it, vi } from 'vitest';
import type { ConnectionTarget } from '../temporal/connection.js';
import type { RunProgress } from '../../workflows/progress.js';
import { frameOf, startForm, tellFailure, uiPage } from './follow.js';
import { Output } from './output.js';

// What the view reads of it.
const progress = { stage: 'train', paused: false, epoch: 2, epochs: 3 } as RunProgress;
const snapshot = { status: 'RUNNING', progress };
const activity = { id: 'train-epoch-2', attempt: 1, waiting: false };

describe('frameOf', () => {
  it('takes stage and figures from the heartbeat, the epoch from the workflow', () => {
    const stage = { stage: 'train', done: 3, total: 9, unit: 'steps' } as const;
    expect(frameOf({ ...snapshot, activity: { ...activity, stage } }, { taskQueue: 'q' })).toEqual({
      stage: 'train',
      progress: stage,
      epoch: 2,
      epochs: 3,
    });
  });

  it('hints at a Worker on the very server, namespace and queue', () => {
    const where = { address: 'far.example:7233', namespace: 'ours', taskQueue: 'q' };
    expect(frameOf({ ...snapshot, noWorker: true }, where)?.note).toContain(
      'worker --address far.example:7233 --namespace ours --task-queue q`',
    );
  });

  it('says why a run stands still', () => {
    const note = (given: object): string | undefined => frameOf({ ...snapshot, ...given }, { taskQueue: 'q' })?.note;
    expect(note({ noWorker: true })).toMatch(/no Worker polls the queue "q"/);
    expect(note({ progress: { ...progress, paused: true } })).toMatch(/paused/);
    expect(note({ activity: { ...activity, attempt: 3, lastFailure: 'no space left' } })).toBe(
      'attempt 3 after: no space left',
    );
    expect(note({ activity: { ...activity, waiting: true } })).toMatch(/waiting for a Worker/);
    expect(note({ status: 'UNREACHABLE' })).toMatch(/does not answer/);
    expect(note({ activity })).toBeUndefined();
  });
});

describe('links to the UI', () => {
  const target = (address: string, uiUrl?: string): ConnectionTarget => ({
    ...{ address, namespace: 'n', from: 'flag', options: { address } },
    ...(uiUrl !== undefined && { uiUrl }),
  });

  it('escape what an id may hold', () => {
    expect(uiPage(target('a:1', 'http://127.0.0.1:8233'), { workflowId: 'a/b c', runId: 'r' })).toBe(
      'http://127.0.0.1:8233/namespaces/n/workflows/a%2Fb%20c/r',
    );
  });

  it('open the form that starts a run, with type and queue filled in', () => {
    expect(startForm(target('a:1', 'http://127.0.0.1:8233'), 'my queue')).toBe(
      'http://127.0.0.1:8233/namespaces/n/workflows/start-workflow?workflowType=fineTune&taskQueue=my+queue',
    );
  });

  it('are not made up for a server whose UI is unknown', () => {
    expect(startForm(target('a:1'), 'q')).toBeUndefined();
    expect(uiPage(target('a:1'), { workflowId: 'w', runId: 'r' })).toBeUndefined();
    expect(uiPage(target('x.tmprl.cloud:7233'), { workflowId: 'w', runId: 'r' })).toMatch(
      /^https:\/\/cloud\.temporal\.io/,
    );
  });
});

describe('a run that failed after it had continued as new', () => {
  it('is told by the run that failed, not by the first one', async () => {
    const getHandle = (_id: string, runId?: string) => ({
      describe: () =>
        Promise.resolve(
          runId === 'first'
            ? { runId, status: { name: 'CONTINUED_AS_NEW' } }
            : { runId: 'last', status: { name: 'FAILED' } },
        ),
    });
    const output = new Output(true);
    const [say, set] = [vi.spyOn(output, 'say').mockReturnValue(), vi.spyOn(output, 'set')];
    const code = await tellFailure(
      {
        client: { workflow: { getHandle } } as unknown as Client,
        run: { workflowId: 'long', runId: 'first' },
        target: {
          ...{ address: 'a:1', namespace: 'n', from: 'flag', options: { address: 'a:1' } },
          uiUrl: 'http://127.0.0.1:8233',
        },
        ...{ output, taskQueue: 'q' },
      },
      new Error('it broke'),
    );
    expect(code).toBe(1);
    expect(set.mock.calls).toMatchObject([[{ workflowId: 'long', runId: 'last', status: 'FAILED' }]]);
    expect(say.mock.calls.at(-1)).toEqual(['  http://127.0.0.1:8233/namespaces/n/workflows/long/last']);
  });
});
