// Row: exact search against numpy's blocks.
import type { SearchJobResult } from '../jobs/search.js';
import { median, type Row } from '../row.js';

/** 10,000 questions against 100,000 documents. */
export const searchRow: Row = {
  name: 'search',
  about:
    '10,000 questions × 100,000 documents × 384, the best 100 each, against numpy (blocks of 1,000 × 10,000, argpartition), in turn',
  run: async (bench) => {
    const input = { queries: 10_000, documents: 100_000, dimension: 384, depth: 100 };
    const ours: SearchJobResult[] = [];
    const theirs: SearchJobResult[] = [];
    for (let round = 0; round < bench.rounds; round++) {
      ours.push(await bench.ours<SearchJobResult>('search', input));
      if (bench.peer) theirs.push(await bench.peer<SearchJobResult>('search', input));
    }
    const seconds = (runs: SearchJobResult[]): number => median(runs.map((run) => run.seconds));
    const memory = (runs: SearchJobResult[]): number => median(runs.map((run) => run.memoryOverVectorsMb));
    return [
      {
        what: 'time, numpy : ours',
        ours: `${seconds(ours).toFixed(1)} s`,
        ...(theirs.length > 0 && {
          theirs: `${seconds(theirs).toFixed(1)} s`,
          value: seconds(theirs) / seconds(ours),
          goal: { atLeast: 1 },
        }),
      },
      {
        what: 'memory over the vectors',
        ours: `${memory(ours)} MB`,
        ...(theirs.length > 0 && { theirs: `${memory(theirs)} MB` }),
        value: memory(ours),
        goal: { atMost: 300 },
      },
    ];
  },
};
