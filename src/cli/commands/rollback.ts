// `finetune rollback NAME`: takes a champion back to the version before, or to a given one. It works on the store and the output folder
// alone and needs no server, so it helps also when that is away; run it where the Worker runs.
import { lstat } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import Table from 'cli-table3';
import {
  readChampionLog,
  rollBackChampion,
  standingChampion,
  type ChampionEntry,
} from '../../artifacts/champion-log.js';
import { openLocalStore } from '../../artifacts/local-store.js';
import { FinalError } from '../../errors.js';
import { championPaths } from '../../spec/retrain.js';
import { placeChampion } from '../../training.js';
import { action } from '../action.js';
import { EXIT } from '../follow.js';
import { positiveInteger, withCommon, type CommonOptionValues } from '../options.js';
import type { Output } from '../output.js';

interface RollbackOptions extends CommonOptionValues {
  store: string;
  to?: number;
  directory?: string;
  list?: boolean;
}

/** Adds the command. */
export function addRollbackCommand(program: Command): void {
  const command = program
    .command('rollback')
    .argument('<champion>', 'its name: output.name of the retrain spec')
    .description('take a champion back to the version before; --list shows its history')
    .addOption(new Option('--store <dir>', 'folder of checkpoints and prepared data').default('.finetune'))
    .option('--to <version>', 'to this version, also a later one', positiveInteger)
    .option('--directory <dir>', 'output folder that it is served under; default: where it was promoted last')
    .option('--list', 'show the history and change nothing');
  withCommon(command).action(action(rollback));
}

async function rollback(name: string, options: RollbackOptions, output: Output): Promise<number> {
  const store = await openLocalStore({ folder: resolve(options.store) });
  const entries = await readChampionLog(store, name);
  if (options.list === true) {
    output.say(entries.length > 0 ? history(entries) : `No champion "${name}" in ${store.location}`);
    output.set({ name, champion: entries.at(-1)?.champion ?? null, history: entries });
    return EXIT.completed;
  }
  const standing = standingChampion(entries);
  const directory = standing && (await directoryOf(name, standing.number, entries, options));
  if (standing && options.to === standing.number) {
    // Mends the path after a roll-back that was cut off.
    const placed = await placeChampion({ store }, name, directory ?? standing.directory);
    output.say(`${name}: version ${standing.number} is the champion already.\n  ${placed?.path}`);
    output.set({ name, from: standing.number, champion: standing.number, ...placed });
    return EXIT.completed;
  }
  const by = `${userInfo().username}@${hostname()}`;
  const { from, to } = await rollBackChampion(store, name, { to: options.to, at: new Date().toISOString(), by });
  const placed = await placeChampion({ store }, name, directory ?? from.directory);
  output.say(`${name}: version ${from.number} is no longer the champion, version ${to.number} is.`);
  output.say(`  ${placed?.path}`);
  output.say(
    'The next retrain begins with it; what was tried from it is not trained again until data or settings change.',
  );
  output.set({ name, from: from.number, champion: to.number, ...placed });
  return EXIT.completed;
}

/**
 * The output folder whose path is to move: the given one, else the one of the newest promotion, where services still load from it.
 *
 * @throws FinalError `InvalidSpec` when none is given and no champion stands there: the folder was moved, or services load another.
 */
async function directoryOf(
  name: string,
  standing: number,
  entries: readonly ChampionEntry[],
  { directory }: RollbackOptions,
): Promise<string | undefined> {
  if (directory !== undefined) return resolve(directory);
  const promoted = entries.findLast(({ version }) => version)?.version;
  if (!promoted) return undefined;
  const { path } = championPaths(promoted.directory, name, standing);
  if (await lstat(path).catch(() => undefined)) return promoted.directory;
  throw new FinalError(
    'InvalidSpec',
    `champion: a path that services load is needed, got nothing at ${path}, where "${name}" was promoted last. Name the output folder that it is served under: --directory FOLDER`,
  );
}

/** One line a decision; the version that stands is marked. */
function history(entries: readonly ChampionEntry[]): string {
  const standing = entries.at(-1)?.champion;
  const table = new Table({
    head: ['', 'version', 'when', 'decision', 'NDCG@10', 'by'],
    style: { head: [], border: [], compact: true },
  });
  for (const { number, event, champion, at, by, candidate, version } of entries) {
    const verdict = candidate?.comparison?.verdict;
    const change = verdict && `${verdict.difference >= 0 ? '+' : '−'}${Math.abs(verdict.difference).toFixed(4)}`;
    const decision = { promoted: 'promoted', rejected: 'not promoted', rolledBack: `back to version ${champion}` }[
      event
    ];
    table.push([number === standing ? '*' : '', version ? number : '', at.slice(0, 16), decision, change ?? '', by]);
  }
  return table.toString();
}
