import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { clock, ProgressView } from './progress-view.js';

function view() {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const time = { ms: 0 };
  const shown = new ProgressView({ stream: stream as unknown as NodeJS.WriteStream, now: () => time.ms });
  return {
    shown,
    time,
    lines: () =>
      text
        .replace(/\u001b\[\d+m/g, '')
        .split('\n')
        .filter(Boolean),
  };
}
const training = (done: number, loss: number) =>
  ({
    stage: 'train',
    done,
    total: 300,
    unit: 'steps',
    epoch: 2,
    epochs: 3,
    loss,
    pairsPerSecond: 85.25,
    etaSeconds: 62,
  }) as const;

describe('ProgressView without a terminal', () => {
  it('writes the figures of training on one line, at most every five seconds', () => {
    const { shown, time, lines } = view();
    shown.show({ stage: 'train', progress: training(1, 2) });
    time.ms = 2_600;
    shown.show({ stage: 'train', progress: training(120, 0.5) });
    time.ms = 4_000;
    shown.show({ stage: 'train', progress: training(130, 0.4) });
    time.ms = 7_700;
    shown.show({ stage: 'train', progress: training(200, 0.25) });
    expect(lines()).toEqual([
      '  training, epoch 2/3 · step 120/300 · loss 0.5000 · 85.3 pairs/s · ETA 1:02',
      '  training, epoch 2/3 · step 200/300 · loss 0.2500 · 85.3 pairs/s · ETA 1:02',
    ]);
  });

  it('leaves a line with its time for each stage that is done', () => {
    const { shown, time, lines } = view();
    shown.show({ stage: 'pin' });
    time.ms = 1_000;
    shown.show({ stage: 'train', epoch: 1, epochs: 2 });
    time.ms = 63_000;
    shown.show({ stage: 'train', epoch: 2, epochs: 2 });
    time.ms = 64_000;
    shown.stop({ finished: true });
    expect(lines()).toEqual(['✓ pinning inputs 0:01', '✓ training, epoch 1/2 1:02', '✓ training, epoch 2/2 0:01']);
  });

  it('does not take a stage for done because the server does not answer', () => {
    const { shown, time, lines } = view();
    shown.show({ stage: 'train', epoch: 1 });
    time.ms = 6_000;
    shown.show({ note: 'the server does not answer' });
    time.ms = 7_000;
    shown.show({ stage: 'train', epoch: 1 });
    expect(lines()).toEqual(['  training, epoch 1 · the server does not answer']);
  });

  it('tells once that no Worker is there, before the run has said anything, though not every look finds that out', () => {
    const { shown, time, lines } = view();
    for (let turn = 0; turn < 30; turn++) {
      time.ms += 700;
      shown.show(turn % 8 === 7 ? { note: 'no Worker polls the queue' } : {});
    }
    expect(lines()).toEqual(['  no Worker polls the queue']);
  });

  it('shows why it waits', () => {
    const { shown, time, lines } = view();
    shown.show({ stage: 'train', epoch: 1 });
    time.ms = 6_000;
    shown.show({ stage: 'train', epoch: 1, note: 'attempt 2 after: no space left' });
    expect(lines()).toEqual(['  training, epoch 1 · attempt 2 after: no space left']);
  });
});

describe('clock', () => {
  it('shows minutes and, when there are some, hours', () => {
    expect([clock(7.4), clock(723), clock(3723)]).toEqual(['0:07', '12:03', '1:02:03']);
  });
});
