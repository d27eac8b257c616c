import type { MetricMeter } from '@temporalio/common';
import { expect, it } from 'vitest';
import { TrainingMetrics } from './training-metrics.js';

it("leaves another run's figures while it waits for its turn", () => {
  const set = new Map<string, number>();
  const metricMeter = {
    createGauge: (name: string) => ({ set: (value: number) => set.set(name, value) }),
  } as unknown as MetricMeter;
  const metrics = new TrainingMetrics({ metricMeter });
  metrics.note({ stage: 'train', done: 3, total: 8, unit: 'steps', loss: 0.5 });
  metrics.note({ stage: 'train', done: 0, total: 0, unit: 'steps', note: 'waiting' });
  metrics.note({ stage: 'evaluate', done: 1, total: 2, unit: 'texts' });
  expect(Object.fromEntries(set)).toEqual({
    finetune_training: 1,
    finetune_step: 3,
    finetune_steps: 8,
    finetune_loss: 0.5,
  });
});
