// Row: what a run takes beside training steps, through a real server, Worker and trainer.
import { modelFolder } from '../models.js';
import type { RunResult } from '../jobs/run.js';
import type { Row } from '../row.js';
import { readPairs } from '../texts.js';

const BATCH = 16;
const STEPS = 64;
const LONG_RUN = 600;

/**
 * Two epochs: the second has what comes back (checkpoints, heartbeats, messages), the first also what comes once. A run of ten minutes is
 * worked out from both; evaluation, publishing and data preparation are work of their own and are told apart.
 */
export const overheadRow: Row = {
  name: 'overhead',
  about: `MiniLM-L6, a run of 2 epochs of ${STEPS} steps of ${BATCH} mixed pairs through a server, a Worker and the trainer, worked out for ten minutes of training; wall time`,
  run: async (bench) => {
    const { serverStart, total, activities, steps } = await bench.ours<RunResult>('run', {
      ...{ folder: bench.folder, model: await modelFolder(bench, 'MiniLM-L6'), batchSize: BATCH },
      pairs: readPairs(bench.shared, 'mixed', STEPS * BATCH + 8),
    });
    const epochs = activities['trainEpoch'] ?? [];
    const beside = epochs.map((seconds, at) => seconds - steps[at]!);
    const inActivities = Object.values(activities)
      .flat()
      .reduce((sum, seconds) => sum + seconds, 0);
    const between = Math.max(0, total - inActivities);
    const returning = beside[1]! / steps[1]!;
    const once = serverStart + between + Math.max(0, beside[0]! - beside[1]!);
    const others = Object.entries(activities).filter(([name]) => name !== 'trainEpoch');
    const text = (seconds: number): string => `${seconds.toFixed(1)} s`;
    return [
      {
        what: 'steps; beside them in the training activities (epoch 1, 2)',
        ours: `${text(steps[0]!)}, ${text(steps[1]!)}; ${text(beside[0]!)}, ${text(beside[1]!)}`,
      },
      { what: 'server start; workflow and server between activities', ours: `${text(serverStart)}; ${text(between)}` },
      {
        what: 'other work: preparation, evaluation, publishing',
        ours: others.map(([name, all]) => `${name} ${text(all.reduce((sum, seconds) => sum + seconds, 0))}`).join(', '),
      },
      {
        what: 'share of ten minutes that is not training',
        ours: `${(100 * (returning + once / LONG_RUN)).toFixed(1)} %`,
        value: returning + once / LONG_RUN,
        goal: { atMost: 0.03 },
      },
    ];
  },
};
