// The small parts of the trainer room: what is redacted, when a silence is a hang, which reports are passed on, where the kernel counts its kills.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { oomKillCount } from './oom-kills.js';
import { ProgressWatch } from './progress-watch.js';
import { thinned } from './serve.js';
import { usableCores } from './usable-cores.js';
import { redact } from './redact.js';
import { SECRETS } from '../../test/support/secrets.js';

describe('redact', () => {
  it('takes out tokens, passwords in URLs and the query of a signed URL', () => {
    expect(redact('hf_abcdefghijkl')).toBe('hf_[redacted]');
    expect(redact('Authorization: Bearer abc.def-ghi')).not.toContain('abc.def');
    expect(redact('https://me:pw@host/x')).toBe('https://[redacted]@host/x');
    expect(redact('GET https://cdn/x?a=1&X-Amz-Signature=ff00 failed')).toBe('GET https://cdn/x?[redacted] failed');
    expect(redact('token = opensesame!')).not.toContain('opensesame');
  });

  it.each(SECRETS)('takes out %s', (_, text, secret) => {
    expect(redact(`before ${text} after`)).not.toContain(secret);
    expect(redact(`before ${text} after`)).toMatch(/^before .*redacted.* after$/s);
  });

  it('takes out the secrets it is told, and leaves plain text alone', () => {
    expect(redact('the word is xyzzy', ['xyzzy', undefined, ''])).toBe('the word is [redacted]');
    const plain = 'dataset.testRatio: <=1, got 1.5; texts of 512 tokens, https://hub/models?page=2';
    expect(redact(plain)).toBe(plain);
  });
});

describe('ProgressWatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const watch = (timeoutMs?: number) => {
    const onHang = vi.fn();
    return { onHang, watch: new ProgressWatch({ timeoutMs, onHang, now: () => Date.now() }) };
  };

  it('waits five minutes for the first report', () => {
    const { onHang } = watch();
    vi.advanceTimersByTime(299_999);
    expect(onHang).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onHang).toHaveBeenCalledWith(300_000);
  });

  it('waits twenty medians of a slow stage, and forgets them in the next stage', () => {
    const { onHang, watch: slow } = watch();
    slow.note('train');
    for (let report = 0; report < 5; report++) {
      vi.advanceTimersByTime(60_000);
      slow.note('train');
    }
    expect(slow.limitMs()).toBe(1_200_000);
    vi.advanceTimersByTime(1_199_999);
    expect(onHang).not.toHaveBeenCalled();
    slow.note('evaluate');
    expect(slow.limitMs()).toBe(300_000);
    slow.stop();
  });

  it('waits as long as the work itself has said that it takes', () => {
    const { onHang, watch: patient } = watch();
    patient.expectSilence(3_600_000);
    patient.note('train');
    vi.advanceTimersByTime(3_599_999);
    expect(onHang).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onHang).toHaveBeenCalledWith(3_600_000);
  });

  it('waits as long as it is told to, and no longer when stopped', () => {
    const first = watch(10);
    vi.advanceTimersByTime(10);
    expect(first.onHang).toHaveBeenCalledTimes(1);
    const second = watch(10);
    second.watch.stop();
    vi.advanceTimersByTime(1000);
    expect(second.onHang).not.toHaveBeenCalled();
  });
});

describe('thinned', () => {
  /** What is passed on of reports of training: when each comes, in milliseconds, after which step, and its loss. */
  const passed = (reports: readonly (readonly [at: number, done: number, loss?: number])[]) => {
    let clock = 0;
    const sent: [at: number, done: number, loss?: number][] = [];
    const report = thinned(
      ({ done, loss }) => sent.push(loss === undefined ? [clock, done] : [clock, done, loss]),
      () => clock,
    );
    for (const [at, done, loss] of reports) {
      clock = at;
      report({ stage: 'train', done, total: 1000, unit: 'steps', ...(loss !== undefined && { loss }) });
    }
    return sent;
  };

  it('passes on the loss of every step that takes longer than 50 ms, however many micro-batches report in it', () => {
    const first = [0, 20, 40, 60, 80].map((at) => [at, 0] as const);
    const later = Array.from({ length: 11 }, (_, i) => i + 1).flatMap((done) =>
      [0, 20, 40, 60, 80].map((ms) => [100 * done + ms - 10, done, 1 / done] as const),
    );
    const sent = passed([...first, ...later]);
    for (let done = 1; done <= 11; done++) expect(sent).toContainEqual([100 * done - 10, done, 1 / done]);
    expect(sent.length).toBeLessThanOrEqual(3 * 12);
  });

  it('passes on one loss every 50 ms where steps are shorter', () => {
    const sent = passed(Array.from({ length: 500 }, (_, i) => [i, i + 1, 1] as const));
    expect(sent.map(([at]) => at)).toEqual([0, 50, 100, 150, 200, 250, 300, 350, 400, 450]);
    const pieces = passed(Array.from({ length: 500 }, (_, i) => (i % 2 ? [i, (i + 1) / 2, 1] : [i, i / 2])));
    expect(pieces.filter(([, , loss]) => loss !== undefined)).toHaveLength(10);
    expect(pieces.length).toBeLessThanOrEqual(20);
  });
});

describe('what /proc and /sys tell', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'system-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));
  const files = async (contents: Record<string, string>) => {
    for (const [name, text] of Object.entries(contents)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
  };

  describe('oomKillCount', () => {
    it('reads the group of version 2', async () => {
      await files({
        'proc/self/cgroup': '0::/app.slice\n',
        'sys/fs/cgroup/app.slice/memory.events': 'low 0\noom 4\noom_kill 3\noom_group_kill 0\n',
      });
      expect(await oomKillCount(root)).toBe(3);
    });

    it('reads the group of version 1, also where its path is not visible', async () => {
      await files({
        'proc/self/cgroup': '4:memory:/docker/abc\n0::/\n',
        'sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
      });
      expect(await oomKillCount(root)).toBe(2);
    });

    it('reads the whole machine where there is no group, and nothing where there is none of these', async () => {
      expect(await oomKillCount(root)).toBeUndefined();
      await files({ 'proc/vmstat': 'nr_free_pages 1\noom_kill 5\n' });
      expect(await oomKillCount(root)).toBe(5);
    });
  });

  describe('usableCores', () => {
    /** Eight hardware threads on four cores, all of which may be used. */
    const eight = () =>
      files({
        'proc/self/status': 'Name:\tnode\nCpus_allowed_list:\t0-3,4-7\n',
        ...Object.fromEntries(
          Array.from({ length: 8 }, (_, cpu) => [
            `sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`,
            `${cpu % 4},${(cpu % 4) + 4}\n`,
          ]),
        ),
      });

    it('counts two hardware threads of one core once', async () => {
      await eight();
      expect(await usableCores(root)).toBe(4);
    });

    it('counts only what the process may run on', async () => {
      await eight();
      await files({ 'proc/self/status': 'Cpus_allowed_list:\t1,5,7\n' });
      expect(await usableCores(root)).toBe(2);
    });

    it('counts no more than the container may use, in both versions of control groups', async () => {
      await eight();
      await files({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '250000 100000\n' });
      expect(await usableCores(root)).toBe(3);
      await files({ 'sys/fs/cgroup/cpu.max': 'max 100000\n' });
      expect(await usableCores(root)).toBe(4);
      await files({
        'proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n',
        'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
        'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      });
      expect(await usableCores(root)).toBe(1);
      await files({ 'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' });
      expect(await usableCores(root)).toBe(4);
    });

    it('is what Node counts where the system does not tell', async () => {
      expect(await usableCores(root)).toBe(availableParallelism());
    });
  });
});
