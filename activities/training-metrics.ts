// The training's own figures for Prometheus or OpenTelemetry, by the SDK's metric meter: it adds namespace, task queue and activity type as
// labels, and gives everything to the exporter that the Worker's owner chose. Without one nothing is measured.
import type { Context } from '@temporalio/activity';
import type { MetricGauge } from '@temporalio/common';
import type { StageProgress } from '../src/spec/stages.js';

/** By field of the progress: name, unit, and what it tells. */
const GAUGES = {
  loss: ['finetune_loss', '', 'Loss of the last step'],
  learningRate: ['finetune_learning_rate', '', 'Learning rate of the last step'],
  pairsPerSecond: ['finetune_pairs_per_second', '', 'Pairs trained on in a second'],
  done: ['finetune_step', '', 'Steps done over the whole run'],
  total: ['finetune_steps', '', 'Steps of the whole run'],
  epoch: ['finetune_epoch', '', 'The running epoch, from 1'],
  etaSeconds: ['finetune_eta_seconds', 's', 'Seconds until the end of training'],
} as const satisfies Partial<Record<keyof StageProgress, readonly [string, string, string]>>;
const TRAINING = ['finetune_training', '', '1 while this Worker trains, else 0'] as const;

/** Sets the gauges from what a stage reports; one an attempt. */
export class TrainingMetrics {
  private readonly gauges = new Map<string, MetricGauge>();

  constructor(private readonly activity: Pick<Context, 'metricMeter'>) {
    this.set(TRAINING, 1);
  }

  note(progress: StageProgress): void {
    // Without a total it waits for its turn: another run's figures stand.
    if (progress.stage !== 'train' || progress.total === 0) return;
    for (const [field, gauge] of Object.entries(GAUGES)) {
      const value = progress[field as keyof typeof GAUGES];
      if (value !== undefined && Number.isFinite(value)) this.set(gauge, value);
    }
  }

  /** The last figures stay, as those of the epoch that ended. */
  stop(): void {
    this.set(TRAINING, 0);
  }

  private set([name, unit, description]: readonly [string, string, string], value: number): void {
    const gauge = this.gauges.get(name) ?? this.activity.metricMeter.createGauge(name, 'float', unit, description);
    this.gauges.set(name, gauge);
    gauge.set(value);
  }
}
