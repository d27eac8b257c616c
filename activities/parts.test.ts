// The small parts of the activities: heartbeats that stop in silence, failures without secrets, the hash of the inputs.
import type { Context } from '@temporalio/activity';
import { DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FinalError, RetryableError } from '../src/errors.js';
import { parseSpec } from '../src/spec/parse.js';
import type { DatasetPin, ModelPin } from '../src/spec/preparation-stages.js';
import type { StageProgress } from '../src/spec/stages.js';
import { TRAINING_WORKER_OPTIONS } from '../src/temporal/worker.js';
import { toFailure } from './failures.js';
import { startHeartbeat } from './heartbeat.js';
import { inputsSha256 } from './inputs-hash.js';

const defaultFailureConverter = new DefaultFailureConverter();

describe('heartbeats', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const progress = (done: number): StageProgress => ({ stage: 'train', done, total: 10, unit: 'steps' });
  const begin = (quietMs?: number, heartbeatTimeoutMs = 30_000) => {
    const heartbeat = vi.fn();
    const activity = { info: { heartbeatTimeoutMs }, heartbeat, log: { warn: vi.fn() } };
    const beats = startHeartbeat({
      activity: activity as unknown as Context,
      ...(quietMs === undefined ? {} : { quietMs }),
    });
    return { heartbeat, beats };
  };

  it('come at once and then on a timer, with the latest progress', () => {
    const { heartbeat, beats } = begin();
    expect(heartbeat).toHaveBeenCalledTimes(1);
    beats.report(progress(1));
    beats.report(progress(2));
    vi.advanceTimersByTime(2500);
    expect(heartbeat.mock.calls.at(-1)).toEqual([progress(2)]);
    expect(heartbeat).toHaveBeenCalledTimes(3);
    beats.stop();
    vi.advanceTimersByTime(100_000);
    expect(heartbeat).toHaveBeenCalledTimes(3);
  });

  it('are never so far apart that a wish to stop, which comes with their answer, is heard after more than five seconds', () => {
    const { heartbeat } = begin();
    const { maxHeartbeatThrottleInterval: throttleMs } = TRAINING_WORKER_OPTIONS;
    let last = heartbeat.mock.calls.length;
    for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 5000 - throttleMs) {
      vi.advanceTimersByTime(5000 - throttleMs);
      expect(heartbeat.mock.calls.length).toBeGreaterThan(last);
      last = heartbeat.mock.calls.length;
    }
  });

  it('come at a third of a shorter timeout', () => {
    const { heartbeat } = begin(undefined, 3000);
    vi.advanceTimersByTime(3000);
    expect(heartbeat).toHaveBeenCalledTimes(4);
  });

  it('stop when nothing was reported for long', () => {
    const { heartbeat } = begin(6000);
    vi.advanceTimersByTime(1_000_000);
    expect(heartbeat).toHaveBeenCalledTimes(3);
  });
});

describe('a failure', () => {
  it('loses secrets in its message, stack and causes', () => {
    const cause = new Error('GET https://hub/x?X-Amz-Signature=beef with hub-secret');
    const failure = toFailure(new FinalError('SourceNotFound', 'Hub: token hub-secret', { cause }), {
      secrets: ['hub-secret'],
    });
    const texts = [failure, failure.cause, failure.cause?.cause].map((error) =>
      error instanceof Error ? `${error.message}${error.stack}` : '',
    );
    expect(texts.join()).not.toMatch(/hub-secret|beef/);
    expect(texts.join()).toContain('https://hub/x?[redacted]');
  });

  it('loses what JSON.parse quotes, and whatever the environment holds under the name of a secret', () => {
    process.env.TEST_FINETUNE_API_KEY = 'opensesame-opensesame';
    try {
      const cause = (() => {
        try {
          return JSON.parse('a private question of somebody') as Error;
        } catch (error) {
          return error as Error;
        }
      })();
      expect(cause.message).toContain('private');
      const thrown = new Error('401 for opensesame-opensesame', { cause });
      Object.assign(thrown, { url: 'https://hub/?token=abc', name: 'Key opensesame-opensesame' });
      const sent = JSON.stringify(defaultFailureConverter.errorToFailure(toFailure(thrown), defaultPayloadConverter));
      expect(sent).not.toMatch(/opensesame|private|token=abc/);
      expect(sent).toContain('broken JSON');
      expect(sent).toContain('parts.test.ts');
    } finally {
      delete process.env.TEST_FINETUNE_API_KEY;
    }
  });

  it('of a full disk is NoDiskSpace and tried again without end, wherever it was met', () => {
    const met = new Error("ENOSPC: no space left on device, copyfile 'a' -> 'b'");
    const failure = toFailure(met, { unexpectedBefore: 99 });
    expect(failure).toMatchObject({ type: 'NoDiskSpace', nonRetryable: false });
    expect(failure.message).toMatch(/^Worker: no space left .*copyfile.*Free some/);
  });

  it('that is tried again fits into what the server keeps of one, with all its causes', () => {
    const long = '漢x'.repeat(10_000);
    const cause = new Error(long, { cause: new TypeError(long, { cause: new Error(long) }) });
    for (const error of [
      new RetryableError('SourceUnavailable', long, { cause }),
      new Error(`ENOSPC: ${long}`, { cause }),
    ]) {
      const sent = defaultFailureConverter.errorToFailure(toFailure(error), defaultPayloadConverter);
      // As JSON it is longer than as the server has it.
      expect(Buffer.byteLength(JSON.stringify(sent))).toBeLessThan(3800);
      expect(sent.message!.length).toBeGreaterThan(400);
      expect(sent.cause?.cause?.stackTrace).toMatch(/^TypeError\n +at /);
    }
    expect(toFailure(new FinalError('InvalidData', long)).message.length).toBeGreaterThan(1500);
  });
});

describe('the hash of the inputs', () => {
  const model: ModelPin = { type: 'hub', id: 'org/model', commit: 'c1' };
  const dataset: DatasetPin = { type: 'local', label: 'a.jsonl', snapshot: { kind: 'dataset-snapshot', key: 'k1' } };
  const spec = { model: 'org/model', dataset: { source: 'a.jsonl' } };
  const hash = (changes: object = {}, pins: object = {}) =>
    inputsSha256(parseSpec({ ...spec, ...changes }), { model, dataset, ...pins });

  it('does not hang on where files lie and where the result goes', () => {
    const elsewhere = { dataset: { source: 'moved/a.jsonl' }, output: { name: 'x', directory: 'y' } };
    expect(hash(elsewhere, { dataset: { ...dataset, label: 'moved' } })).toBe(hash());
  });

  it('hangs on what was pinned, on the data settings and on the training', () => {
    const others = [
      hash({}, { model: { ...model, commit: 'c2' } }),
      hash({}, { dataset: { ...dataset, snapshot: { kind: 'dataset-snapshot', key: 'k2' } } }),
      hash({ dataset: { source: 'a.jsonl', testRatio: 0.3 } }),
      hash({ training: { epochs: 4 } }),
      hash({ prompts: { query: 'q: ' } }),
      hash({ evaluation: { topK: 3 } }),
    ];
    expect(new Set([hash(), ...others]).size).toBe(7);
  });
});
