// The Worker's side against a play trainer (test/support/fake-trainer.js) that speaks the real protocol from dist.
import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLocalStore } from '../artifacts/local-store.js';
import type { StageProgress } from '../spec/stages.js';
import { TrainerHost, type TrainerCallOptions } from './host.js';

const trainerPath = fileURLToPath(new URL('../../test/support/fake-trainer.js', import.meta.url));

let folder: string;
let storeId: string;
let host: TrainerHost;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-'));
  storeId = (await openLocalStore({ folder, create: true })).id;
  host = new TrainerHost({ storeFolder: folder, storeId, trainerPath });
});
afterEach(async () => {
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

const play = (input: Record<string, unknown>, options?: TrainerCallOptions, on = host) =>
  on.call('trainEpoch', input as never, options) as unknown as Promise<Record<string, unknown>>;
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it should have failed');
    },
    (error: unknown) => error as Error & { type?: string },
  );
const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a call to the trainer', () => {
  it('gives its result, its progress and its warnings, on the store of the run', async () => {
    const progress: StageProgress[] = [];
    const warnings: string[] = [];
    const result = await play(
      { play: 'echo', value: 42 },
      { onProgress: (report) => progress.push(report), onWarn: (message) => warnings.push(message) },
    );
    expect(result).toMatchObject({ echo: 42, storeId });
    expect(progress.map(({ done }) => done)).toEqual([0, 100]);
    expect(warnings).toEqual(['a text was cut']);
  });

  it('finds the process of the call before it still warm', async () => {
    const first = await play({ play: 'echo' });
    const second = await play({ play: 'echo' });
    expect(second).toMatchObject({ pid: first.pid, calls: 2 });
    expect(host.pid).toBe(first.pid);
  });

  it('waits for the one before it', async () => {
    const results = await Promise.all([play({ play: 'echo' }), play({ play: 'echo' }), play({ play: 'echo' })]);
    expect(results.map(({ calls }) => calls)).toEqual([1, 2, 3]);
  });

  it('reports that it waits, and is not held there once it is to stop', async () => {
    const queued = new TrainerHost({ storeFolder: folder, storeId, trainerPath, reportWaitEveryMs: 20 });
    const [first, second] = [new AbortController(), new AbortController()];
    const running = play({ play: 'until-stopped' }, { signal: first.signal }, queued);
    const notes: (string | undefined)[] = [];
    let reported = (): void => undefined;
    const threeTimes = new Promise<void>((resolve) => (reported = resolve));
    const waiting = failure(
      play(
        { play: 'echo' },
        { signal: second.signal, onProgress: ({ note }) => notes.push(note) === 3 && reported() },
        queued,
      ),
    );
    await threeTimes;
    expect(notes[0]).toMatch(/waiting for the trainer/);
    second.abort();
    expect((await waiting).name).toBe('AbortError');
    // Whoever comes next still waits for the one that runs.
    const third = play({ play: 'echo' }, {}, queued);
    first.abort();
    expect(await running).toEqual({ finished: false });
    expect(await third).toMatchObject({ calls: 2 });
    await queued.close();
  });

  it('has none of the environment but where programs are, language and threads', async () => {
    process.env.HF_TOKEN = 'hf_secretsecret';
    process.env.AWS_SECRET_ACCESS_KEY = 'secret';
    try {
      const { names } = await play({ play: 'environment' });
      const allowed = ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'TMP', 'TEMP', 'LANG', 'LC_ALL', 'TZ', 'OMP_NUM_THREADS'];
      // NODE_CHANNEL_*: how a forked process finds its channel.
      const others = (names as string[]).filter((name) => !allowed.includes(name) && !name.startsWith('NODE_CHANNEL'));
      expect(others).toEqual([]);
    } finally {
      delete process.env.HF_TOKEN;
      delete process.env.AWS_SECRET_ACCESS_KEY;
    }
  });

  it.skipIf(process.platform !== 'linux')(
    'runs in a process group of its own, which a Ctrl-C in the terminal does not reach',
    async () => {
      const { pid } = await play({ play: 'echo' });
      const fields = (await readFile(`/proc/${String(pid)}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
      expect(Number(fields[2])).toBe(pid);
    },
  );
});

describe('an error in the trainer', () => {
  it('that is final keeps its type, message and cause', async () => {
    const error = await failure(play({ play: 'final' }));
    expect(error).toMatchObject({ name: 'NonFiniteLoss', type: 'NonFiniteLoss' });
    expect(error.message).toContain('got NaN');
    expect(error.cause).toMatchObject({ message: 'step 7' });
    expect(error.stack).toContain('fake-trainer.js');
  });

  it('that may pass keeps its type, and loses the secrets in it', async () => {
    const error = await failure(play({ play: 'retryable' }));
    expect(error.type).toBe('NoDiskSpace');
    expect(error.message).not.toContain('abcdefghijklmnop');
    expect(error.stack).not.toContain('abcdefghijklmnop');
  });

  it('that says that an artifact is damaged stays such a one', async () => {
    expect(await failure(play({ play: 'damaged' }))).toMatchObject({ name: 'DamagedError', what: 'tokens 123' });
  });

  it('of the allocator is OutOfMemory, and the next call has a process that holds none of that memory', async () => {
    const { pid } = await play({ play: 'echo' });
    expect(await failure(play({ play: 'allocation' }))).toMatchObject({ type: 'OutOfMemory' });
    expect(isRunning(pid as number)).toBe(false);
    expect((await play({ play: 'echo' })).pid).not.toBe(pid);
  });

  it('leaves the process warm', async () => {
    const { pid } = await play({ play: 'echo' });
    await failure(play({ play: 'final' }));
    expect(await play({ play: 'echo' })).toMatchObject({ pid });
  });
});

describe('the death of the trainer', () => {
  it('is TrainerDied with its exit code and its last words, secrets taken out', async () => {
    const error = await failure(play({ play: 'exit' }));
    expect(error.type).toBe('TrainerDied');
    expect(error.message).toMatch(/exit code 7.*the last words, hf_\[redacted\]/s);
  });

  it('by a signal is TrainerDied that names it, not OutOfMemory, and the next call starts another', async () => {
    const { pid } = await play({ play: 'echo' });
    const call = failure(play({ play: 'hang' }));
    await sleep(50);
    process.kill(pid as number, 'SIGKILL');
    expect(await call).toMatchObject({ type: 'TrainerDied', message: expect.stringContaining('SIGKILL') });
    expect((await play({ play: 'echo' })).pid).not.toBe(pid);
  });

  it('by SIGKILL is OutOfMemory when the count of the kernel rose meanwhile', async () => {
    let kills = 3;
    const oomKills = () => Promise.resolve(kills);
    const starved = new TrainerHost({ storeFolder: folder, storeId, trainerPath, oomKills });
    const { pid } = await play({ play: 'echo' }, {}, starved);
    const call = failure(play({ play: 'hang' }, {}, starved));
    await sleep(50);
    kills++;
    process.kill(pid as number, 'SIGKILL');
    expect(await call).toMatchObject({ type: 'OutOfMemory', message: expect.stringContaining('microBatchSize') });
    await starved.close();
  });

  it('by SIGKILL is TrainerDied when the kernel has killed another before this call', async () => {
    let kills = 0;
    const oomKills = () => Promise.resolve(kills);
    const warm = new TrainerHost({ storeFolder: folder, storeId, trainerPath, oomKills });
    const { pid } = await play({ play: 'echo' }, {}, warm);
    kills = 1;
    const call = failure(play({ play: 'hang' }, {}, warm));
    await sleep(50);
    process.kill(pid as number, 'SIGKILL');
    expect(await call).toMatchObject({ type: 'TrainerDied', message: expect.stringContaining('SIGKILL') });
    await warm.close();
  });

  it('between two calls is not noticed by the next', async () => {
    const { pid } = await play({ play: 'echo' });
    process.kill(pid as number, 'SIGKILL');
    while (host.pid !== undefined) await sleep(5);
    expect(await play({ play: 'echo' })).toMatchObject({ calls: 1 });
  });

  it('at its start names the script that is missing', async () => {
    const broken = new TrainerHost({ storeFolder: folder, storeId, trainerPath: join(folder, 'absent.js') });
    const error = await failure(play({ play: 'echo' }, {}, broken));
    expect(error).toMatchObject({ type: 'TrainerDied', message: expect.stringContaining('absent.js') });
    await broken.close();
  });
});

describe('stopping', () => {
  it('reaches the operation, which saves and returns what it has', async () => {
    const controller = new AbortController();
    const call = play({ play: 'until-stopped' }, { signal: controller.signal, onProgress: () => controller.abort() });
    expect(await call).toEqual({ finished: false });
  });

  it('before the call was begun never reaches the trainer', async () => {
    await expect(play({ play: 'echo' }, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    expect(host.pid).toBeUndefined();
  });

  it('comes also by a silence: a hung trainer is killed, and the next call starts another', async () => {
    const impatient = new TrainerHost({ storeFolder: folder, storeId, trainerPath, hangTimeoutMs: 1500 });
    const { pid } = await play({ play: 'echo' }, {}, impatient);
    const error = await failure(play({ play: 'hang' }, {}, impatient));
    expect(error.type).toBe('TrainerHung');
    expect(isRunning(pid as number)).toBe(false);
    expect(await play({ play: 'echo' }, {}, impatient)).toMatchObject({ calls: 1 });
    await impatient.close();
  });

  it('is left to work that has said that it takes long', async () => {
    await play({ play: 'echo' });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const controller = new AbortController();
      const call = play({ play: 'long-work' }, { signal: controller.signal, onProgress: () => undefined });
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
      await sleep(300);
      vi.advanceTimersByTime(6 * 60_000);
      controller.abort();
      expect(await call).toEqual({ finished: false });
    } finally {
      vi.useRealTimers();
    }
  });

  it('of the host ends the trainer, a call with it, and refuses further ones', async () => {
    const { pid } = await play({ play: 'echo' });
    const call = failure(play({ play: 'hang' }));
    await sleep(50);
    await host.close();
    expect((await call).type).toBe('TrainerDied');
    expect(isRunning(pid as number)).toBe(false);
    expect(await failure(play({ play: 'echo' }))).toMatchObject({ message: expect.stringContaining('closing') });
  });
});

describe('a trainer whose Worker is gone', () => {
  it('exits between two steps, also while it is busy', async () => {
    // A Worker of its own, killed in the middle of a call.
    const file = join(folder, 'steps');
    const worker = fork(fileURLToPath(new URL('../../test/support/one-call-worker.js', import.meta.url)), [
      JSON.stringify({ storeFolder: folder, storeId, trainerPath, input: { play: 'busy', file } }),
    ]);
    const steps = async () => (await readFile(file, 'utf8').catch(() => '')).trim().split('\n').filter(Boolean);
    while ((await steps()).length < 3) await sleep(10);
    const pid = Number((await steps())[0]);
    worker.kill('SIGKILL');
    while (isRunning(pid)) await sleep(10);
    const counted = (await steps()).length;
    await sleep(100);
    expect((await steps()).length).toBe(counted);
  });
});
