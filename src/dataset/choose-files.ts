// Chooses a dataset's files for the splits that the spec asks for; looks into zips whose own names tell no split.
import { FinalError } from '../errors.js';
import { detectSplits, filesOfSplit, type DetectedSplits } from './detect-splits.js';
import { kindOf } from './formats.js';
import type { DatasetSnapshotFacts, SnapshotFile } from './snapshot.js';

/** Splits in the spec's order, each with its files. */
export type ChosenSplits = NonNullable<DatasetSnapshotFacts['splits']>;

/** True when only the inside of the zips can tell the splits. */
export function isInsideZips({ splits, named }: DetectedSplits): boolean {
  return !named && [...splits.values()].flat().every((name) => kindOf(name)?.format === 'zip');
}

/**
 * Files that must be had for the asked splits.
 *
 * @throws FinalError `InvalidData` for a missing split, listing those there are.
 */
export function neededFiles(detected: DetectedSplits, wanted: readonly string[], label: string): string[] {
  if (isInsideZips(detected) && detected.splits.size > 0) return [...detected.splits.values()].flat();
  return [...new Set(wanted.flatMap((split) => filesOfSplit(detected, split, label)))].sort();
}

/**
 * The asked splits with their files.
 *
 * @param zipNames Names of the files inside a zip.
 * @throws FinalError `InvalidData` for a missing split, or two asked names that mean one split.
 */
export async function chooseSplits(
  detected: DetectedSplits,
  wanted: readonly string[],
  label: string,
  zipNames: (name: string) => Promise<string[]>,
): Promise<ChosenSplits> {
  const inside = isInsideZips(detected)
    ? await splitsInside([...detected.splits.values()].flat(), zipNames)
    : undefined;
  const chosen = wanted.map((name) => ({
    name,
    files: inside ? inside(name, label) : filesOfSplit(detected, name, label).map((file) => plain(file)),
  }));
  const seen = new Map<string, string>();
  for (const { name, files } of chosen) {
    const key = JSON.stringify(files);
    const other = seen.get(key);
    if (other !== undefined) {
      throw new FinalError(
        'InvalidData',
        `dataset.splits: ${JSON.stringify(other)} and ${JSON.stringify(name)} are one split of ${label}; name it once`,
      );
    }
    seen.set(key, name);
  }
  return chosen;
}

/** Undefined when no name inside tells a split either: then the zips are read whole. */
async function splitsInside(
  zips: readonly string[],
  zipNames: (name: string) => Promise<string[]>,
): Promise<((split: string, label: string) => SnapshotFile[]) | undefined> {
  const inner = new Map<string, DetectedSplits>();
  for (const zip of zips) inner.set(zip, detectSplits(await zipNames(zip)));
  const all = [...inner.values()];
  if (!all.some(({ named }) => named)) return undefined;
  const there = new Map(all.flatMap(({ splits }) => [...splits]));
  return (split, label) => {
    // Asked over all zips first, so that an error lists every split there is.
    filesOfSplit({ splits: there, named: true }, split, label);
    return zips.flatMap((zip) => {
      const has = (inner.get(zip)?.splits.size ?? 0) > 0 && hasSplit(inner.get(zip), split);
      return has ? [{ ...plain(zip), inner: split }] : [];
    });
  };
}

function hasSplit(detected: DetectedSplits | undefined, split: string): boolean {
  try {
    return detected !== undefined && filesOfSplit(detected, split, '').length > 0;
  } catch {
    return false;
  }
}

function plain(name: string): SnapshotFile {
  const kind = kindOf(name);
  if (!kind) throw new Error(`chooseSplits: ${name} is no data file`);
  return { name, ...kind };
}
