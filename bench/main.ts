// `npm run bench -- [ROW…] [--ours] [--rounds N] [--keep]`: measures this package beside sentence-transformers, datasets and numpy, both in
// turn on the same texts. `--cpu` counts CPU time on one thread in place of wall time, for a machine that is not quiet. Prints a table and one JSON line a row; `--keep` also puts the row into docs/benchmarks.md. `--ours` needs no
// Python. SHARED names the folder with models and data (default ../shared).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadNow, machineLine } from './machine.js';
import { peerPython } from './peer/environment.js';
import { runOurs, runPeer } from './processes.js';
import { keepInPage, showTable, type RowResult } from './results.js';
import type { Bench } from './row.js';
import { rows } from './rows.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ours: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
  },
});
if (values.cpu) process.env['BENCH_CLOCK'] = 'cpu';
const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
if (unknown.length > 0) {
  console.error(`bench: a row is one of ${rows.map(({ name }) => name).join(', ')}, got ${unknown.join(', ')}`);
  process.exit(2);
}
const chosen = rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
try {
  const bench: Bench = {
    ours: runOurs,
    peer: values.ours ? undefined : runPeer(peerPython()),
    rounds: Number(values.rounds),
    shared: resolve(process.env['SHARED'] ?? '../shared'),
    folder,
  };
  for (const row of chosen) {
    const [load, start] = [loadNow(), performance.now()];
    const figures = await row.run(bench);
    const result: RowResult = {
      ...{ row: row.name, about: row.about, machine: machineLine(), date: new Date().toISOString().slice(0, 10), load },
      command: [
        'npm run bench --',
        row.name,
        ...(values.ours ? ['--ours'] : []),
        ...(values.cpu ? ['--cpu'] : []),
        `--rounds ${bench.rounds}`,
      ].join(' '),
      seconds: (performance.now() - start) / 1000,
      figures,
    };
    console.log(showTable(result));
    console.log(JSON.stringify(result));
    if (values.keep) keepInPage('docs/benchmarks.md', result);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
