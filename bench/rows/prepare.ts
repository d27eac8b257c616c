// Row: a million rows of Parquet to retrieval sets, against datasets and pandas.
import { join } from 'node:path';
import type { PrepareResult } from '../jobs/prepare.js';
import type { Figure, Row } from '../row.js';

const ROWS = 1_000_000;
const PREFIX = '### Instruction:\n';

/** Once on each side. */
export const prepareRow: Row = {
  name: 'prepare',
  about: `${ROWS.toLocaleString('en')} rows of Parquet: map and strip, filter, repeated pairs out, split by answer, corpus and retrieval JSON; once a side`,
  run: async (bench) => {
    const file = join(bench.folder, 'rows.parquet');
    await bench.ours('make-rows', { shared: bench.shared, file, rows: ROWS, prefix: PREFIX });
    const input = { file, folder: bench.folder, prefix: PREFIX };
    const own = await bench.ours<PrepareResult>('prepare', input);
    const theirs = bench.peer && (await bench.peer<PrepareResult>('prepare', input));
    const stages = Object.entries(own.stages).map(([name, seconds]) => `${name} ${seconds.toFixed(0)}`);
    const figures: Figure[] = [
      {
        what: 'time, theirs : ours',
        ours: `${own.seconds.toFixed(0)} s (${stages.join(', ')}; ${own.pairs} pairs)`,
        ...(theirs && {
          theirs: `${theirs.seconds.toFixed(0)} s (${theirs.pairs} pairs)`,
          value: theirs.seconds / own.seconds,
          goal: { atLeast: 1 },
        }),
      },
      {
        what: 'peak memory',
        ours: `${own.peakMemoryMb} MB`,
        ...(theirs && { theirs: `${theirs.peakMemoryMb} MB` }),
        value: own.peakMemoryMb,
        goal: { atMost: 1000 },
      },
    ];
    return figures;
  },
};
