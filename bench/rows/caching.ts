// Row: gradient caching. Memory of a batch of 1,024 against one of 64, and how far its gradients are from those of the whole batch.
import { modelFolder } from '../models.js';
import type { StepResult } from '../jobs/step.js';
import type { Row } from '../row.js';
import { readPairs } from '../texts.js';

/** A batch of 1,024 short pairs, in micro-batches of the tokens of 64 of them, against a batch of 64 pairs. */
export const cachingRow: Row = {
  name: 'caching',
  about:
    'MiniLM-L6, short pairs: a batch of 1,024 in micro-batches of as many tokens as 64 of them have; and 64 mixed pairs in micro-batches of 1,500 tokens against the whole batch',
  run: async (bench) => {
    const model = await modelFolder(bench, 'MiniLM-L6');
    const stepsOf = (batchSize: number, microBatchTokens?: number) =>
      bench.ours<StepResult>('step', {
        ...{ model, batchSize, rounds: 1, pairs: readPairs(bench.shared, 'short', batchSize) },
        setups: [{ name: 'step', ...(microBatchTokens && { microBatchTokens }) }],
      });
    const small = await stepsOf(64);
    const large = await stepsOf(1024, small.setups['step']!.tokens);
    const figures = [
      {
        what: 'peak memory, batch 1,024 with caching : batch 64',
        ours: `${large.peakMemoryMb} MB : ${small.peakMemoryMb} MB`,
        value: large.peakMemoryMb / small.peakMemoryMb,
        goal: { atMost: 1.3 },
      },
      {
        what: 'time of a pair, with caching : without (a second forward pass costs a third)',
        ours: `${(large.setups['step']!.medianMs / 1024).toFixed(1)} : ${(small.setups['step']!.medianMs / 64).toFixed(1)} ms`,
      },
    ];
    for (const dropout of [0, 0.1]) {
      const { setups } = await bench.ours<StepResult>('step', {
        ...{ model, batchSize: 64, rounds: 0, pairs: readPairs(bench.shared, 'mixed', 64) },
        setups: [
          { name: 'whole', dropout },
          { name: 'cached', dropout, microBatchTokens: 1500 },
        ],
      });
      const { gradientError, lossError } = setups['cached']!;
      figures.push({
        what: `largest difference of loss and gradients from the whole batch, dropout ${dropout}`,
        ours: `${lossError.toExponential(1)}, ${gradientError.toExponential(1)}`,
        value: Math.max(lossError, gradientError),
        goal: { atMost: 1e-5 },
      });
    }
    return figures;
  },
};
