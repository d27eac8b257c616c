// Event files as TensorBoard's own reader sees them. Runs where Python with tensorboard is found (set PYTHON to name another).
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeEventFile } from '../../src/reporting/tensorboard.js';

const python = process.env.PYTHON ?? 'python3';
const missing = spawnSync(python, ['-c', 'import tensorboard']).status !== 0;

const READER = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
accumulator = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0})
accumulator.Reload()
tags = accumulator.Tags()
scalars = {tag: [[event.wall_time, event.step, event.value] for event in accumulator.Scalars(tag)] for tag in tags["scalars"]}
histograms = {tag: [[event.wall_time, event.step, vars(event.histogram_value)]
                    for event in accumulator.Histograms(tag)] for tag in tags["histograms"]}
print(json.dumps({"scalars": scalars, "histograms": histograms}))
`;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'events-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(missing)('event files in TensorBoard (needs Python with tensorboard)', () => {
  it('reads every scalar and histogram with its step and wall time', async () => {
    const histogram = {
      min: -1,
      max: 2,
      count: 3,
      sum: 1.5,
      sumOfSquares: 5.25,
      limits: [-0.5, 1, 2],
      counts: [1, 1, 1],
    };
    await writeEventFile(join(folder, 'events.out.tfevents.1700000000.finetune'), [
      ...[3.5, 2.25, 1.125].map((value, i) => ({ tag: 'loss/step', step: i + 1, wallTime: 1700000000.25 + i, value })),
      { tag: 'evaluation/ndcg@10', step: 0, wallTime: 1700000000, value: 0.5 },
      { tag: 'gradients/encoder.layer.0', step: 3, wallTime: 1700000009, histogram },
    ]);
    const seen = JSON.parse(execFileSync(python, ['-c', READER, folder], { encoding: 'utf8' })) as unknown;
    expect(seen).toEqual({
      scalars: {
        'loss/step': [
          [1700000000.25, 1, 3.5],
          [1700000001.25, 2, 2.25],
          [1700000002.25, 3, 1.125],
        ],
        'evaluation/ndcg@10': [[1700000000, 0, 0.5]],
      },
      histograms: {
        'gradients/encoder.layer.0': [
          [
            1700000009,
            3,
            { min: -1, max: 2, num: 3, sum: 1.5, sum_squares: 5.25, bucket_limit: [-0.5, 1, 2], bucket: [1, 1, 1] },
          ],
        ],
      },
    });
  });
});
