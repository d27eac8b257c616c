// Rows: a whole training against SentenceTransformerTrainer in fp32 and bf16, and the memory of both.
import { modelFolder } from '../models.js';
import { median, type Bench, type Figure, type ProcessFigures, type Row } from '../row.js';
import { readPairs, type PairKind } from '../texts.js';
import type { TrainResult } from '../jobs/train.js';

type Training = TrainResult & ProcessFigures;

interface Goals {
  defaults: number;
  bf16: number;
  withoutDropout: number;
  withDropout: number;
}

const STEPS = 16;
const MEMORY_GOAL = 0.45;

/** Trains on both sides in turn: each variant once a round. */
async function inTurn<Name extends string>(
  bench: Bench,
  variants: Record<Name, { side: 'ours' | 'peer'; input: object }>,
): Promise<Partial<Record<Name, Training[]>>> {
  const results: Partial<Record<Name, Training[]>> = {};
  for (let round = 0; round < bench.rounds; round++) {
    for (const [name, { side, input }] of Object.entries(variants) as [
      Name,
      { side: 'ours' | 'peer'; input: object },
    ][]) {
      const run = bench[side];
      if (run) (results[name] ??= []).push(await run<TrainResult>('train', input));
    }
  }
  return results;
}

async function trainings(bench: Bench, kind: PairKind, batchSize: number) {
  const model = await modelFolder(bench, 'MiniLM-L6');
  const pairs = readPairs(bench.shared, kind, STEPS * batchSize);
  const { folder } = bench;
  const ours = (dropout: number) => ({
    side: 'ours' as const,
    input: { folder, model, pairs, training: { batchSize, dropout, maxSequenceLength: 256 } },
  });
  const peer = (options: object) => ({ side: 'peer' as const, input: { folder, model, pairs, batchSize, ...options } });
  return { ours, peer };
}

const rate = (runs: readonly Training[]): number => median(runs.map(({ pairsPerSecond }) => pairsPerSecond));
const steady = (runs: readonly Training[]): number => median(runs.map((run) => run.steadyPairsPerSecond));
const cpu = (runs: readonly Training[]): number => median(runs.map(({ cpuSeconds }) => cpuSeconds));
const memory = (runs: readonly Training[]): number => median(runs.map(({ peakMemoryMb }) => peakMemoryMb));

function compared(what: string, ours: Training[], theirs: Training[] | undefined, goal: number): Figure {
  const shown = (runs: Training[]): string =>
    `${rate(runs).toFixed(2)} pairs/s (steps alone ${steady(runs).toFixed(2)}; CPU ${cpu(runs).toFixed(0)} s)`;
  if (!theirs) return { what, ours: shown(ours) };
  return { what, ours: shown(ours), theirs: shown(theirs), value: rate(ours) / rate(theirs), goal: { atLeast: goal } };
}

function trainingRow(name: string, kind: PairKind, batchSize: number, texts: string, goals: Goals): Row {
  return {
    name,
    about: `one epoch of ${STEPS} steps of ${batchSize} pairs, ${texts}: model, tokens, steps, checkpoint`,
    run: async (bench) => {
      const { ours, peer } = await trainings(bench, kind, batchSize);
      const found = await inTurn(bench, {
        ours: ours(0),
        theirs: peer({}),
        oursDropping: ours(0.1),
        theirsPlain: peer({ dropout: 0 }),
      });
      const { ours: own, theirs, oursDropping, theirsPlain } = found;
      const mb = (runs: Training[]): string => `${memory(runs)} MB`;
      return [
        compared('our defaults (no dropout) : its defaults, fp32', own!, theirs, goals.defaults),
        compared('no dropout on both sides', own!, theirsPlain, goals.withoutDropout),
        compared('dropout 0.1 on both sides', oursDropping!, theirs, goals.withDropout),
        {
          what: 'peak memory, our defaults : its defaults',
          ours: mb(own!),
          ...(theirs && {
            theirs: mb(theirs),
            value: memory(own!) / memory(theirs),
            goal: { atMost: MEMORY_GOAL },
          }),
        },
      ];
    },
  };
}

function bf16Row(name: string, kind: PairKind, batchSize: number, texts: string, goals: Goals): Row {
  return {
    name,
    about: `the same, ${texts}, against its bf16 autocast`,
    run: async (bench) => {
      const { ours, peer } = await trainings(bench, kind, batchSize);
      const found = await inTurn(bench, { ours: ours(0), theirs: peer({ bf16: true }) });
      return [compared('our defaults : its defaults, bf16', found.ours!, found.theirs, goals.bf16)];
    },
  };
}

const mixed: Goals = { defaults: 3, bf16: 2.2, withoutDropout: 1.75, withDropout: 1.75 };
const full: Goals = { defaults: 1.9, bf16: 1.4, withoutDropout: 1.4, withDropout: 1.4 };

/** Training against the peer, by lengths. */
export const trainingRows: Row[] = [
  trainingRow('training-mixed', 'mixed', 16, 'mixed lengths', mixed),
  trainingRow('training-full', 'full', 10, 'every passage fills 256 tokens', full),
  bf16Row('training-mixed-bf16', 'mixed', 16, 'mixed lengths', mixed),
  bf16Row('training-full-bf16', 'full', 10, 'full passages', full),
];
