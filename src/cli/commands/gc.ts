// `finetune gc`: says what the store no longer needs, and frees it with `--yes`.
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import Table from 'cli-table3';
import { openLocalStore } from '../../artifacts/local-store.js';
import { findGarbage, freeGarbage, type GarbageReport } from '../../training.js';
import { plainAction } from '../action.js';
import { EXIT } from '../follow.js';
import { positiveInteger, withCommon, type CommonOptionValues } from '../options.js';
import type { Output } from '../output.js';

interface GcOptions extends CommonOptionValues {
  store: string;
  days: number;
  yes?: boolean;
}

/** Adds the command. */
export function addGcCommand(program: Command): void {
  const command = program
    .command('gc')
    .description('say what the store no longer needs; free it with --yes')
    .addOption(new Option('--store <dir>', 'folder of checkpoints and prepared data').default('.finetune'))
    .addOption(
      new Option('--days <n>', 'runs that were not touched for so many days count no more')
        .argParser(positiveInteger)
        .default(30),
    )
    .option('--yes', 'free it');
  withCommon(command).action(plainAction(gc));
}

async function gc({ store: folder, days, yes }: GcOptions, output: Output): Promise<number> {
  const store = await openLocalStore({ folder: resolve(folder) });
  const report = await findGarbage(store, { days });
  const freed = yes === true && report.items.length > 0;
  if (freed) await freeGarbage(store, report);
  output.say(describe(report));
  if (report.items.length === 0)
    output.say(`Nothing to free in ${store.location}: what was touched within a day stays.`);
  else if (freed) output.say(`Freed ${megabytes(report.bytes)} in ${store.location}.`);
  else output.say(`${megabytes(report.bytes)} can be freed in ${store.location}: the same command with --yes does it.`);
  output.set({ freed, bytes: report.bytes, items: report.items.length, releasedCheckpoints: report.released });
  return EXIT.completed;
}

/** One line a reason. */
function describe({ items, released }: GarbageReport): string {
  const table = new Table({ head: ['what', 'files', 'size'] });
  for (const why of [...new Set(items.map((each) => each.why))].sort()) {
    const group = items.filter((each) => each.why === why);
    table.push([why, group.length, megabytes(group.reduce((sum, { item }) => sum + item.bytes, 0))]);
  }
  if (released.length > 0) table.push(['checkpoints that keep their metrics only', released.length, '']);
  return items.length === 0 ? '' : table.toString();
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
