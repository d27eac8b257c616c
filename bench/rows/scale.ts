// Rows: whether a pair costs the same in 1,000 and in 100,000 pairs, and what it costs by length.
import { modelFolder } from '../models.js';
import type { StepResult } from '../jobs/step.js';
import type { TrainResult } from '../jobs/train.js';
import type { Figure, Row } from '../row.js';
import { readPairs, type Pair } from '../texts.js';

/** Whole trainings of a tiny encoder, so that all else weighs. */
export const scaleRow: Row = {
  name: 'scale',
  about: 'a whole epoch of a tiny encoder (1 layer of 32 units), batch 64: microseconds a pair by the number of pairs',
  run: async (bench) => {
    const model = await modelFolder(bench, 'tiny shape');
    const costs: number[] = [];
    const figures: Figure[] = [];
    for (const count of [1_000, 10_000, 100_000]) {
      const base = readPairs(bench.shared, 'short', Math.min(count, 11_000));
      const pairs: Pair[] = Array.from({ length: count }, (_, at) => {
        const { query, document } = base[at % base.length]!;
        return { query: `${at} ${query}`, document: `${at} ${document}` };
      });
      const { folder } = bench;
      const training = { batchSize: 64, maxSequenceLength: 32 };
      const { seconds, peakMemoryMb } = await bench.ours<TrainResult>('train', { folder, model, pairs, training });
      costs.push((seconds / count) * 1e6);
      figures.push({
        what: `${count.toLocaleString('en')} pairs`,
        ours: `${costs.at(-1)!.toFixed(0)} µs a pair, ${peakMemoryMb} MB`,
      });
    }
    return [
      ...figures,
      { what: '100,000 : 10,000 pairs', ours: '', value: costs[2]! / costs[1]!, goal: { atMost: 1.1 } },
    ];
  },
};

/** Bare steps of texts that all fill a length. */
export const lengthsRow: Row = {
  name: 'lengths',
  about: 'MiniLM-L6, bare steps of 8 pairs whose texts all have the same length',
  run: async (bench) => {
    const figures: Figure[] = [];
    for (const maxLength of [32, 64, 128, 256, 512]) {
      const { setups } = await bench.ours<StepResult>('step', {
        ...{ model: await modelFolder(bench, 'MiniLM-L6'), batchSize: 8, rounds: bench.rounds, limit: true },
        ...{ pairs: readPairs(bench.shared, 'mixed', 8), maxLength, fill: true, setups: [{ name: 'step' }] },
      });
      const { medianMs, tokens, ofTheLimit = NaN } = setups['step']!;
      figures.push({
        what: `${maxLength} tokens`,
        ours: `${(medianMs / 8).toFixed(1)} ms a pair, ${((medianMs * 1000) / tokens).toFixed(0)} µs a token, ${(100 * ofTheLimit).toFixed(0)} % of the limit`,
      });
    }
    return figures;
  },
};
