// How often training is reported to the run's page, and how much.
import { describe, expect, it, vi } from 'vitest';
import type { StageProgress } from '../src/spec/stages.js';
import type { TrainingReport } from '../src/spec/training-stages.js';
import { TrainingReports } from './training-reports.js';

let runs = 0;

function start(everySeconds?: number, runId = `run-${++runs}`) {
  let now = 1_000_000;
  const sent: TrainingReport[] = [];
  const signal = vi.fn(async (_name: string, report: TrainingReport) => void sent.push(report));
  const getHandle = vi.fn((..._ids: string[]) => ({ signal }));
  const reports = new TrainingReports({
    activity: {
      info: { scheduledTimestampMs: now, workflowExecution: { workflowId: 'w', runId } },
      client: { workflow: { getHandle } },
      log: { debug: vi.fn() },
    } as never,
    now: () => now,
    ...(everySeconds === undefined ? {} : { everySeconds }),
  });
  const step = (done: number, seconds: number): void => {
    now += 1000 * seconds;
    const progress: StageProgress = { stage: 'train', done, total: 9, unit: 'steps', epoch: 2, loss: 1 / done };
    reports.note({ ...progress, learningRate: 1.23456e-5, pairsPerSecond: 41.23456, etaSeconds: 12.3 });
  };
  return { sent, signal, getHandle, step, runId };
}

describe('reports of training', () => {
  it('come with the first step, then once a minute, to the very run', () => {
    const { sent, step, getHandle, runId } = start();
    for (let second = 1; second <= 181; second++) step(second, 1);
    expect(sent.map((report) => report.step)).toEqual([1, 61, 121, 181]);
    expect(sent[1]).toMatchObject({ epoch: 2, learningRate: 1.235e-5, pairsPerSecond: 41.23, etaSeconds: 12 });
    expect(getHandle).toHaveBeenCalledWith('w', runId);
  });

  it('hold the mean losses since the report before, in less than a kilobyte', () => {
    const { sent, step } = start();
    for (let done = 1; done <= 60_001; done++) step(1_000_000 + done, 0.001);
    expect(sent).toHaveLength(2);
    expect(sent[1]!.losses.length).toBeLessThanOrEqual(16);
    expect(sent[1]!.losses.at(-1)![0]).toBe(1_060_001);
    expect(JSON.stringify(sent[1]).length).toBeLessThan(1000);
  });

  it('count a step once that is told again between the micro-batches of the next', () => {
    const { sent, step } = start();
    for (const done of [1, 2, 2, 2, 2, 3]) step(done, 12);
    expect(sent.map((report) => report.losses)).toEqual([
      [[1, 1]],
      [
        [2, 0.5],
        [3, 0.3333],
      ],
    ]);
  });

  it('become seldom in an epoch of many days, so that the history stays short', () => {
    const { sent, step } = start();
    for (let minute = 1; minute <= 30 * 24 * 60; minute++) step(minute, 60);
    expect(sent.length).toBeLessThan(800);
  });

  it('come once a minute also when every epoch, an activity of its own, takes a second', () => {
    const first = start();
    first.step(1, 1);
    const second = start(60, first.runId);
    second.step(2, 2);
    second.step(3, 60);
    expect([first.sent.length, second.sent.length]).toEqual([1, 1]);
  });

  it('never come when the interval is 0', () => {
    const { sent, step } = start(0);
    for (let second = 1; second < 1000; second++) step(second, 10);
    expect(sent).toEqual([]);
  });

  it('that do not arrive disturb nothing', async () => {
    const { signal, step } = start();
    signal.mockRejectedValue(new Error('no server'));
    step(1, 1);
    step(2, 61);
    await Promise.resolve();
    expect(signal).toHaveBeenCalledTimes(2);
  });
});
