// Finds splits by the Hub's usual file names: `train-00000-of-00001.parquet`, a keyword in the file's name (`my_train.jsonl`), a
// folder called by one (`test/…`, also of shards that are only called `part`); when no name tells, everything is train. A folder around
// them is a configuration: where there are several, a split is asked for as `configuration/split`. Custom layouts written in a README's
// YAML are not read.
// Source: https://huggingface.co/docs/datasets/repository_structure
import { FinalError } from '../errors.js';
import { kindOf, READABLE } from './formats.js';

const KEYWORDS: Record<string, string> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  dev: 'validation',
  val: 'validation',
  test: 'test',
  testing: 'test',
  eval: 'test',
  evaluation: 'test',
};
const ORDER = ['parquet', 'jsonl', 'json', 'csv', 'tsv', 'zip'];

/** Files of each split, in the order in which they are read. */
export interface DetectedSplits {
  splits: Map<string, string[]>;
  /** False when no name told a split, and all files count as train. */
  named: boolean;
}

/** The usual name of a split: train, validation or test; undefined for a name that is none of them. */
export function canonicalSplit(name: string): string | undefined {
  const words = (name.split('/').at(-1) ?? name).toLowerCase().split(/[-._ 0-9]+/);
  for (const word of words) if (KEYWORDS[word] !== undefined) return KEYWORDS[word];
  return undefined;
}

/** Detects splits among the names of one dataset's files; those of other formats than the most frequent one are left out. */
export function detectSplits(names: readonly string[]): DetectedSplits {
  const files = ofOneFormat(names);
  const found = files.map((name) => ({ name, ...splitOf(name) }));
  if (!found.some(({ split }) => split !== undefined)) {
    return { splits: new Map(files.length > 0 ? [['train', files]] : []), named: false };
  }
  return { splits: grouped(found), named: true };
}

/** Splits of the Hub's own Parquet conversion: `<configuration>/<split>/0000.parquet`. */
export function conversionSplits(names: readonly string[]): DetectedSplits {
  const found = names
    .filter((name) => /^[^/]+\/[^/]+\/\d+\.parquet$/.test(name))
    .map((name) => {
      const [configuration = '', split = ''] = name.split('/');
      return {
        name,
        configuration: configuration === 'default' ? '' : configuration,
        split: split.replace(/^partial-/, ''),
      };
    });
  return { splits: grouped(found), named: true };
}

/**
 * The files of an asked split, by its own name or by its usual one (`dev` finds `validation`).
 *
 * @throws FinalError `InvalidData` that lists the splits there are.
 */
export function filesOfSplit({ splits }: DetectedSplits, split: string, label: string): string[] {
  const usual = canonicalSplit(split);
  const found = splits.get(split) ?? (usual === undefined ? undefined : splits.get(usual));
  if (found) return found;
  const there = [...splits.keys()];
  const choices = there.filter((name) => name.endsWith(`/${split}`));
  throw new FinalError(
    'InvalidData',
    there.length === 0
      ? `dataset.source: ${label} has no files of a format that is read (${READABLE})`
      : `dataset.splits: a split of ${label} is needed, got ${JSON.stringify(split)}. There are: ${there.join(', ')}` +
          (choices.length > 0
            ? `. It has several configurations: ask for ${JSON.stringify(choices[0])}, for example`
            : ''),
  );
}

/** Data files that are in no split, by the reason: of another format than those that are read, or of a name that tells no split. */
export interface LeftOut {
  otherFormat: string[];
  noSplit: string[];
}

/** The data files among the names that {@link detectSplits} left out, sorted. */
export function leftOutOf(names: readonly string[], { splits }: DetectedSplits): LeftOut {
  const inSplits = new Set([...splits.values()].flat());
  const formats = new Set([...inSplits].map((name) => kindOf(name)?.format));
  const left = names.filter((name) => kindOf(name) !== undefined && !inSplits.has(name)).sort();
  return {
    otherFormat: left.filter((name) => !formats.has(kindOf(name)?.format)),
    noSplit: left.filter((name) => formats.has(kindOf(name)?.format)),
  };
}

interface Placed {
  name: string;
  configuration: string;
  split: string | undefined;
}

function grouped(found: readonly Placed[]): Map<string, string[]> {
  const configurations = new Set(
    found.filter(({ split }) => split !== undefined).map(({ configuration }) => configuration),
  );
  const splits = new Map<string, string[]>();
  for (const { name, configuration, split } of found) {
    if (split === undefined) continue;
    const key = configurations.size > 1 && configuration !== '' ? `${configuration}/${split}` : split;
    splits.set(key, [...(splits.get(key) ?? []), name]);
  }
  for (const files of splits.values()) files.sort();
  return splits;
}

/** Where a file stands: its folder without `data` and without the split's own, and its split. */
function splitOf(name: string): { configuration: string; split: string | undefined } {
  const folders = name.split('/').filter((part) => part !== 'data');
  const file = folders.pop() ?? '';
  const sharded = /^(.+?)-\d{5}-of-\d{5}/.exec(file)?.[1];
  const folder = folders.findLastIndex((part) => KEYWORDS[part.toLowerCase()] !== undefined);
  if (sharded !== undefined && (folder < 0 || canonicalSplit(sharded) !== undefined)) {
    return { configuration: folders.join('/'), split: sharded };
  }
  if (folder >= 0) {
    const split = KEYWORDS[folders[folder]?.toLowerCase() ?? ''];
    return { configuration: folders.filter((_, index) => index !== folder).join('/'), split };
  }
  return { configuration: folders.join('/'), split: canonicalSplit(file.replace(/\.[a-z]+(\.gz)?$/i, '')) };
}

function ofOneFormat(names: readonly string[]): string[] {
  const byFormat = new Map<string, string[]>();
  for (const name of names) {
    const format = kindOf(name)?.format;
    if (format !== undefined) byFormat.set(format, [...(byFormat.get(format) ?? []), name]);
  }
  const most = Math.max(0, ...[...byFormat.values()].map((files) => files.length));
  const chosen = ORDER.find((format) => byFormat.get(format)?.length === most);
  return (chosen === undefined ? [] : (byFormat.get(chosen) ?? [])).slice().sort();
}
