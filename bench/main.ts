// `npm run bench -- [ROW…]`: measures this package beside sentence-transformers, datasets and numpy, both in turn on the same texts. Prints a
// table and one JSON line a row. SHARED names the folder with models and data (default ../shared).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { positiveInteger } from '../src/cli/options.js';
import { loadNow, machineLine } from './machine.js';
import { peerPython } from './peer/environment.js';
import { runOurs, runPeer } from './processes.js';
import { keepInPage, showTable, type RowResult } from './results.js';
import type { Bench } from './row.js';
import { rows } from './rows.js';

interface Options {
  ours: boolean;
  rounds: number;
  keep: boolean;
  cpu: boolean;
}

const program = new Command('npm run bench --')
  .addArgument(new Argument('[row...]', 'what to measure; all without one').choices(rows.map(({ name }) => name)))
  .option('--ours', 'this package alone; needs no Python', false)
  .option('--rounds <n>', 'how often each side runs; medians count', positiveInteger, 3)
  .option('--keep', 'put the rows into docs/benchmarks.md', false)
  .option('--cpu', 'CPU time of one thread in place of wall time, for a machine that is not quiet', false)
  .addHelpText('after', `\nRows:\n${rows.map(({ name, about }) => `  ${name.padEnd(20)} ${about}`).join('\n')}`)
  .parse();
const values = program.opts<Options>();
const positionals = program.args;
if (values.cpu) process.env['BENCH_CLOCK'] = 'cpu';
const chosen = rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
try {
  const bench: Bench = {
    ours: runOurs,
    peer: values.ours ? undefined : runPeer(peerPython()),
    rounds: values.rounds,
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
