// Row: the share of a bare step that its own matrix products take at the machine's measured peak, by model and lengths; and beside that
// peak the one of PyTorch on the same products, which no graph of ours can change.
import { modelFolder, type ModelName } from '../models.js';
import type { PeakResult } from '../jobs/peak.js';
import type { StepResult } from '../jobs/step.js';
import { median, type Bench, type Figure, type Row, type RunJob } from '../row.js';
import type { Product } from '../step-limit.js';
import { readPairs, type PairKind } from '../texts.js';

const GOAL = 0.78;

function stepRow(name: string, model: ModelName, batches: number): Row {
  return {
    name,
    about: `share of a bare step at the measured peak of ONNX Runtime's products, ${model}, no dropout`,
    run: async (bench) => {
      const figures: Figure[] = [];
      const kinds: [PairKind, number, string][] = [
        ['mixed', 16, 'mixed lengths, batch 16'],
        ['full', 10, 'full passages, batch 10'],
      ];
      for (const [kind, batchSize, what] of kinds) {
        const result = await bench.ours<StepResult>('step', {
          ...{ model: await modelFolder(bench, model), batchSize, rounds: bench.rounds, limit: true, maxLength: 256 },
          pairs: readPairs(bench.shared, kind, batches * batchSize),
          setups: [{ name: 'step' }],
        });
        const { medianMs, bestMs, ofTheLimit } = result.setups['step']!;
        figures.push({
          what: `${what}: share of the limit`,
          ours: `${((ofTheLimit ?? NaN) * 100).toFixed(0)} % (step ${medianMs.toFixed(0)} ms, best ${bestMs.toFixed(0)}; peak ${result.peakGflops?.toFixed(0)} GFLOP/s)`,
          ...(ofTheLimit !== undefined && { value: ofTheLimit, goal: { atLeast: GOAL } }),
        });
        if (bench.peer) figures.push(await comparePeaks(bench, bench.peer, result.products, what));
      }
      return figures;
    },
  };
}

/** The step's products on both sides, in turn; it has no goal, because both are other people's code. */
async function comparePeaks(bench: Bench, peer: RunJob, products: Product[], what: string): Promise<Figure> {
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < bench.rounds; round++) {
    ours.push((await bench.ours<PeakResult>('peak', { products })).gflops);
    theirs.push((await peer<PeakResult>('peak', { products })).gflops);
  }
  const [own, other] = [median(ours), median(theirs)];
  return {
    what: `${what}: its dense products, ONNX Runtime : PyTorch`,
    ours: `${own.toFixed(0)} GFLOP/s`,
    theirs: `${other.toFixed(0)} GFLOP/s`,
    value: own / other,
  };
}

/** Bare steps by model. */
export const stepRows: Row[] = [
  stepRow('step', 'MiniLM-L6', 4),
  stepRow('step-bge-small', 'bge-small shape', 2),
  stepRow('step-bge-base', 'bge-base shape', 1),
];
