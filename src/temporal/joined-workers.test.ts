import type { State, Worker } from '@temporalio/worker';
import { describe, expect, it, vi } from 'vitest';
import { joinWorkers, LateWorker, type JoinedWorker } from './joined-workers.js';

/** A Worker whose activities go on after a shutdown until `drain` is called. */
class StandIn implements JoinedWorker {
  state: State = 'INITIALIZED';
  drain: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  run(): Promise<void> {
    this.state = 'RUNNING';
    const drained = new Promise<void>((resolve, reject) => {
      this.drain = resolve;
      this.fail = reject;
    });
    return drained.finally(() => (this.state = 'STOPPED'));
  }

  getState(): State {
    return this.state;
  }

  shutdown(): void {
    if (this.state !== 'RUNNING') throw new Error(`Not running. Current state: ${this.state}`);
    this.state = 'DRAINING';
  }
}

const late = (make: () => Promise<StandIn | undefined>): LateWorker =>
  new LateWorker(make as unknown as () => Promise<Worker | undefined>);

describe('Workers that run as one', () => {
  it('are all told to end as soon as one of them takes no more tasks', async () => {
    const [first, second] = [new StandIn(), new StandIn()];
    const running = joinWorkers([first, second]).run();
    first.shutdown();
    await vi.waitFor(() => expect(second.state).toBe('DRAINING'));
    expect(first.state).toBe('DRAINING');
    first.drain();
    second.drain();
    await running;
  });

  it('fail with what failed first, after the others have ended', async () => {
    const [first, second] = [new StandIn(), new StandIn()];
    const running = joinWorkers([first, second]).run();
    second.fail(new Error('the cause'));
    await vi.waitFor(() => expect(first.state).toBe('DRAINING'));
    first.fail(new Error('what follows'));
    await expect(running).rejects.toThrow('the cause');
  });
});

describe('a Worker that is made while another one runs', () => {
  it('is run and ended at once when the other one has ended meanwhile, so that it lets go of the connection', async () => {
    const [first, second] = [new StandIn(), new StandIn()];
    const running = joinWorkers([
      first,
      late(async () => {
        first.drain();
        await vi.waitFor(() => expect(first.state).toBe('STOPPED'));
        return second;
      }),
    ]).run();
    await vi.waitFor(() => expect(second.state).not.toBe('INITIALIZED'), { interval: 1 });
    expect(second.state).toBe('DRAINING');
    second.drain();
    await running;
  });

  it('ends the other one when it cannot be made, also when that one begins later', async () => {
    const first = new StandIn();
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve)).then(() => first.run());
    const delayed = { getState: () => first.state, shutdown: () => first.shutdown(), run: () => begun };
    const running = joinWorkers([delayed, late(() => Promise.reject(new Error('too old')))]).run();
    await new Promise((wake) => setTimeout(wake, 10));
    begin();
    await vi.waitFor(() => expect(first.state).toBe('DRAINING'));
    first.drain();
    await expect(running).rejects.toThrow('too old');
  });

  it('waits for the end of the other one when there is none', async () => {
    const first = new StandIn();
    const running = joinWorkers([first, late(() => Promise.resolve(undefined))]).run();
    await new Promise((wake) => setTimeout(wake, 300));
    expect(first.state).toBe('RUNNING');
    first.drain();
    await running;
  });
});
